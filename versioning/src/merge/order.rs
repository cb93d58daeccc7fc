//! Merging two orders of one list (rule M13).
//!
//! What both sides left in place is the skeleton. All else, inserted or moved by a side, stands on that side in a run
//! between two members of the skeleton, and keeps its place and its neighbours there. Where both sides have a run in
//! one gap, what both have in common there is kept in the middle, and of two runs that have nothing in common the one
//! with the smaller first element comes first: the result does not depend on which side is which.

use std::collections::{BTreeMap, BTreeSet};

/// The merged order of `members`. The lists hold no element twice; elements that are no members are passed over.
pub(crate) fn merge<T: Ord + Clone>(base: &[T], ours: &[T], theirs: &[T], members: &BTreeSet<T>) -> Vec<T> {
    let known = |list: &[T]| -> Vec<T> { list.iter().filter(|element| members.contains(element)).cloned().collect() };
    let (base, ours, theirs) = (known(base), known(ours), known(theirs));
    let moved = [moved(&base, &ours), moved(&base, &theirs)];
    let is_moved = |element: &T| moved.iter().any(|moved| moved.contains(element));
    let skeleton: Vec<T> = base.iter().filter(|element| !is_moved(element)).cloned().collect();
    let mut gaps: Vec<[Vec<T>; 2]> = vec![[Vec::new(), Vec::new()]; skeleton.len() + 1];
    let places: BTreeMap<&T, usize> =
        skeleton.iter().enumerate().map(|(index, element)| (element, index + 1)).collect();
    let floats = |side: usize, element: &T| !base.contains(element) || moved[side].contains(element);
    // Where both put an element into different gaps, the first gap has it.
    let mut gap_of: BTreeMap<T, usize> = BTreeMap::new();
    for (side, list) in [&ours, &theirs].into_iter().enumerate() {
        let mut gap = 0;
        for element in list {
            match places.get(element) {
                Some(place) => gap = *place,
                None if floats(side, element) => {
                    let found = gap_of.entry(element.clone()).or_insert(gap);
                    *found = gap.min(*found);
                    gaps[gap][side].push(element.clone());
                }
                None => {}
            }
        }
    }
    let mut merged = Vec::with_capacity(members.len());
    for (gap, [mut ours, mut theirs]) in gaps.into_iter().enumerate() {
        ours.retain(|element| gap_of.get(element) == Some(&gap));
        theirs.retain(|element| gap_of.get(element) == Some(&gap));
        merge_runs(&ours, &theirs, &mut merged);
        merged.extend(skeleton.get(gap).cloned());
    }
    // Members that stand in neither list as what they are: kept against a side that dropped them.
    let placed: BTreeSet<T> = merged.iter().cloned().collect();
    for (index, element) in base.iter().enumerate().filter(|(_, element)| !placed.contains(element)) {
        let before = base[..index].iter().rev().find_map(|before| merged.iter().position(|other| other == before));
        merged.insert(before.map_or(0, |before| before + 1), element.clone());
    }
    merged
}

fn merge_runs<T: Ord + Clone>(ours: &[T], theirs: &[T], merged: &mut Vec<T>) {
    let common = longest_common(ours, theirs);
    let seen: BTreeSet<T> = ours.iter().filter(|element| theirs.contains(element)).cloned().collect();
    let (mut ours, mut theirs) = (ours, theirs);
    for anchor in common.iter().map(Some).chain([None]) {
        let split = |list: &[T]| anchor.and_then(|anchor| list.iter().position(|e| e == anchor)).unwrap_or(list.len());
        let (a, b) = (split(ours), split(theirs));
        // An element that both have, but not in a common order, stands where the one run has it that comes first.
        let mut runs = [&ours[..a], &theirs[..b]];
        runs.sort_by(|a, b| a.first().cmp(&b.first()));
        for element in runs.into_iter().flatten() {
            let is_late = seen.contains(element) && (merged.contains(element) || common.contains(element));
            if !is_late {
                merged.push(element.clone());
            }
        }
        merged.extend(anchor.cloned());
        ours = ours.get(a + 1..).unwrap_or_default();
        theirs = theirs.get(b + 1..).unwrap_or_default();
    }
}

/// The elements of `list` that no longer stand among the others of `base` as they did: all but a longest part that kept
/// its order.
fn moved<T: Ord + Clone>(base: &[T], list: &[T]) -> BTreeSet<T> {
    let kept: BTreeSet<T> = longest_common(base, list).into_iter().collect();
    list.iter().filter(|element| base.contains(element) && !kept.contains(element)).cloned().collect()
}

/// A longest common subsequence of two lists without repetitions, the same whichever list comes first: a longest
/// increasing subsequence of one list's places in the other would not be. Hunt and McIlroy's table, 1976; lists are
/// short.
fn longest_common<T: Ord + Clone>(a: &[T], b: &[T]) -> Vec<T> {
    if a == b {
        return a.to_vec();
    }
    let width = b.len() + 1;
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = if a[i] == b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = Vec::new();
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            common.push(a[i].clone());
            i += 1;
            j += 1;
            continue;
        }
        let (down, right) = (lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
        // Of two equally long ways, the one that passes over the larger element.
        if down > right || down == right && a[i] > b[j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}
