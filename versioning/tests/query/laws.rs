//! Any filter, order and groups of any table, against the model.

use proptest::prelude::*;
use versioning::{
    ColumnId, Key, Schema, Type,
    query::{
        Aggregate, Comparison, Condition, Direction, Expression, Filter, Found, KeyRange, Literal, LiteralKind, Name,
        Node, Place, Sort, TextMatch, Top,
    },
};

use crate::{
    model::{grouped, sorted},
    world::{TYPES, schema, world},
};

fn literal(ty: Type) -> BoxedStrategy<Literal> {
    let number = |pattern: &'static str| pattern.prop_map(LiteralKind::Number).boxed();
    let text = |pattern: &'static str| pattern.prop_map(LiteralKind::Text).boxed();
    let kind = match ty {
        Type::Integer => number("-?[0-9]{1,3}|[0-9]{1,3}\\.5|-?99999999999999999999"),
        Type::Decimal => number("-?[0-9]{1,2}(\\.[0-9]{1,3})?|1234567890\\.5|-0\\.123456789012"),
        Type::Float => number("-?[0-3](\\.25|\\.5)?|1e300"),
        Type::Boolean => any::<bool>().prop_map(LiteralKind::Boolean).boxed(),
        Type::Date => text("2026-01-(0[1-9]|1[0-9])"),
        Type::Timestamp => text("2026-01-0[1-9]T0[0-9]:00:00Z|2026-01-0[1-9]"),
        Type::Uuid => text("000000[0-9]000000000000000000000000[01]"),
        Type::Json => text("1|\\[1,2\\]|\"x\"|\\{\"a\":\"x\"\\}"),
        Type::Choice => text("open|Open|done|ÆB?| a b|c1"),
        Type::Tags => text("a|a,b|b,a|a\\\\,b|Æ|x,ab|a\\\\\\\\,b"),
        Type::Link => prop_oneof![number("7|8|-1\\.5"), text("7|07|A,7|a|A|b|\\\\e")].boxed(),
        Type::File => text("a|AB|A b\\.txt|æ|text|1 x\\.txt"),
        _ => text("(a|b|B|Æ|æ|x){0,2}|Ab1|b\0|7"),
    };
    kind.prop_map(|kind| Literal { kind, span: 0..0 }).boxed()
}

fn condition(ty: Type) -> BoxedStrategy<Condition> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let comparisons = if !ty.is_ordered() {
        vec![Equal, NotEqual]
    } else {
        vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]
    };
    let is_text = matches!(ty, Type::Text | Type::Choice | Type::Link | Type::File);
    let compare = (proptest::sample::select(comparisons), literal(ty), any::<bool>()).prop_map(
        move |(comparison, literal, ignoring)| Condition::Compare {
            comparison,
            literal,
            ignoring_case: is_text && ignoring && matches!(comparison, Equal | NotEqual),
        },
    );
    let null = any::<bool>().prop_map(|negated| Condition::Null { negated });
    let set = (proptest::collection::vec(literal(ty), 1..5), any::<bool>(), any::<bool>()).prop_map(
        move |(literals, negated, ignoring)| Condition::In { negated, literals, ignoring_case: is_text && ignoring },
    );
    let between = (any::<bool>(), literal(ty), literal(ty)).prop_map(|(negated, low, high)| Condition::Between {
        negated,
        low,
        high,
    });
    let matching = if ty == Type::Tags {
        vec![TextMatch::Contains]
    } else {
        vec![TextMatch::Contains, TextMatch::StartsWith, TextMatch::EndsWith]
    };
    let part = match ty {
        Type::Tags => "a| b|B|ab|Æ|æ|a,b|a\\\\|x|t[0-9]",
        _ => "(a|b|B|Æ|æ|x|,|\\.|o){0,2}|7",
    };
    let part = part.prop_map(|text| Literal { kind: LiteralKind::Text(text), span: 0..0 });
    let text =
        (proptest::sample::select(matching), prop_oneof![literal(ty), part], any::<bool>(), any::<bool>()).prop_map(
            |(matching, literal, negated, ignoring_case)| Condition::Text { negated, matching, literal, ignoring_case },
        );
    match ty {
        Type::Text | Type::Choice | Type::Link => {
            prop_oneof![2 => compare, 1 => null, 1 => set, 1 => between, 4 => text].boxed()
        }
        Type::Tags | Type::File => prop_oneof![3 => compare, 1 => null, 2 => set, 3 => text].boxed(),
        Type::Json => prop_oneof![3 => compare, 1 => null, 2 => set].boxed(),
        _ => prop_oneof![4 => compare, 1 => null, 2 => set, 2 => between].boxed(),
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = proptest::sample::select(TYPES.to_vec()).prop_flat_map(|(name, ty)| {
        condition(ty).prop_map(move |condition| {
            let column = Name { text: name.to_owned(), span: 0..0 };
            Expression { node: Node::Condition { column, condition }, span: 0..0 }
        })
    });
    let root = leaf.prop_recursive(3, 8, 3, |inner| {
        let parts = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(Node::Or),
            parts().prop_map(Node::And),
            inner.clone().prop_map(|part| Node::Not(Box::new(part))),
        ]
        .prop_map(|node| Expression { node, span: 0..0 })
    });
    root.prop_map(|root| Filter { root })
}

fn sorts(schema: &Schema) -> impl Strategy<Value = Vec<Sort>> + use<> {
    let columns: Vec<ColumnId> =
        schema.columns.iter().filter(|column| column.ty.is_ordered()).map(|column| column.id).collect();
    let direction = proptest::sample::select(vec![Direction::Ascending, Direction::Descending]);
    proptest::collection::vec((proptest::sample::select(columns), direction), 0..4)
        .prop_map(|sorts| sorts.into_iter().map(|(column, direction)| Sort { column, direction }).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_filter_finds_what_a_look_at_every_row_finds(
        world in world(), filters in proptest::collection::vec(filter(), 12), parts in 1_usize..7, limit in 1_usize..300,
    ) {
        let table = world.table();
        let ranges = table.split(parts).expect("all is there");
        for filter in filters {
            let text = filter.to_string();
            let predicate = world.bind(&text);
            let expected = world.found(&filter);
            prop_assert_eq!(table.count(&predicate, &KeyRange::all()).expect("read"), expected.len() as u64, "{}", text);
            let parts: u64 = ranges.iter().map(|range| table.count(&predicate, range).expect("read")).sum();
            prop_assert_eq!(parts, expected.len() as u64, "{} in {:?}", &text, ranges);
            for (key, row) in &world.rows {
                prop_assert_eq!(predicate.matches(row), expected.binary_search_by(|(k, _)| k.cmp(key)).is_ok());
            }
            let (mut range, mut found) = (KeyRange::all(), Vec::new());
            loop {
                let page = table.rows(&predicate, None, &range, limit).expect("read");
                prop_assert!(page.rows.len() <= limit);
                found.extend(page.rows);
                let Some(last) = page.next else { break };
                range = KeyRange::after(&last);
            }
            prop_assert!(found == expected, "{}: {} rows, not {}", text, found.len(), expected.len());
        }
    }

    #[test]
    fn sorted_pages_make_the_sorted_table(
        world in world(), sorts in sorts(&schema(false)), filter in filter(),
        limit in 1_usize..700, parts in 1_usize..5, skip in 0_usize..50,
    ) {
        let table = world.table();
        let ranges = table.split(parts).expect("all is there");
        let predicate = world.bind(&filter.to_string());
        let expected = sorted(&world.schema, world.found(&filter), &sorts);
        let ask = |behind: Option<&Place>, limit: usize, skip: usize| {
            let part = |range| table.top(&predicate, &sorts, behind, range, limit).expect("read");
            let top = ranges.iter().map(part).reduce(Top::merge).expect("a range");
            table.page(top, None, skip).expect("read")
        };
        let (mut found, mut behind) = (Vec::new(), None);
        loop {
            let page = ask(behind.as_ref(), limit, 0);
            found.extend(page.rows);
            behind = page.next;
            if behind.is_none() {
                break;
            }
        }
        prop_assert!(found == expected, "{:?} limit {}: {} rows, not {}", sorts, limit, found.len(), expected.len());
        let page: Vec<_> = expected.iter().skip(skip).take(limit).cloned().collect();
        prop_assert!(ask(None, limit + skip, skip).rows == page);
        let mut all = Found::default();
        for (index, range) in ranges.iter().enumerate() {
            let part = table.matches(&predicate, &sorts, range).expect("read");
            all = if index == 0 { part } else { all.merge(&part).expect("few rows") };
        }
        let all = all.finish();
        let keys: Vec<Key> = (0..all.len()).filter_map(|place| all.get(place)).collect();
        prop_assert!(keys.iter().eq(expected.iter().map(|(key, _)| key)), "{} keys", keys.len());
        prop_assert_eq!(all.get(keys.len()), None);
        if let Some(key) = keys.last() {
            prop_assert_eq!(all.places(|bytes| bytes == key.as_bytes()).collect::<Vec<_>>(), vec![keys.len() - 1]);
        }
    }

    #[test]
    fn aggregates_are_those_of_every_row(
        world in world(), filter in filter(), parts in 1_usize..5,
        by in proptest::sample::subsequence(vec!["city", "name", "active", "born", "extra", "part"], 0..=3),
    ) {
        let table = world.table();
        let predicate = world.bind(&filter.to_string());
        let id = |name: &str| world.id(name);
        let by: Vec<ColumnId> = by.into_iter().map(id).collect();
        let aggregates = [
            Aggregate::Count,
            Aggregate::Present(id("city")),
            Aggregate::Sum(id("price")),
            Aggregate::Average(id("price")),
            Aggregate::Sum(id("id")),
            Aggregate::Average(id("id")),
            Aggregate::Minimum(id("name")),
            Aggregate::Maximum(id("seen")),
            Aggregate::Minimum(id("weight")),
            Aggregate::Maximum(id("price")),
            Aggregate::Minimum(id("active")),
        ];
        let part = |range| table.aggregate(&predicate, &by, &aggregates, &range, 5_000);
        let ranges = table.split(parts).expect("read").into_iter();
        let groups = ranges.map(|range| part(range).expect("few groups")).reduce(|a, b| a.merge(&b).expect("few groups"));
        let found = groups.expect("a range").finish().expect("small sums");
        prop_assert_eq!(found, grouped(&world.schema, &world.found(&filter), &by, &aggregates));
    }

    #[test]
    fn ranges_of_a_split_have_every_key_once(world in world(), parts in 1_usize..40) {
        let ranges = world.table().split(parts).expect("read");
        prop_assert!(ranges.len() <= parts);
        for key in world.rows.keys() {
            prop_assert_eq!(ranges.iter().filter(|range| range.contains(key)).count(), 1);
        }
    }
}
