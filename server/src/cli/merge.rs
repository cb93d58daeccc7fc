//! `anabranch merge` and `anabranch revert`: what is left to decide is printed, and ends with 3.

use serde_json::{Value as Json, json};

use super::{
    CONFLICTS, Decide, Failure, MergeOptions, RevertOptions,
    client::{Client, path},
    text::{cell, clean, count, print, print_json, short},
};
use crate::api::merges::{ConflictBody, Merged, StatsBody, ViolationBody};

/// The decision for all conflicts, as the API takes it.
fn resolutions(decide: &Decide) -> Json {
    let choice = match (decide.ours, decide.theirs) {
        (true, _) => "ours",
        (_, true) => "theirs",
        _ => return json!([]),
    };
    json!([{ "choice": choice }])
}

pub(crate) fn merge(options: &MergeOptions) -> Result<(), Failure> {
    let body = json!({
        "from": options.from,
        "into": options.into,
        "message": options.message,
        "dry_run": options.dry_run,
        "no_fast_forward": options.no_fast_forward,
        "resolutions": resolutions(&options.decide),
    });
    let client = Client::new(&options.connection);
    let answer = client.post(&path(&options.dataset, &["merges"]), &body);
    finish(&client, answer, options.connection.json, options.dry_run)
}

pub(crate) fn revert(options: &RevertOptions) -> Result<(), Failure> {
    let body = json!({
        "commit": options.commit,
        "into": options.into,
        "message": options.message,
        "dry_run": options.dry_run,
        "resolutions": resolutions(&options.decide),
    });
    let client = Client::new(&options.connection);
    let answer = client.post(&path(&options.dataset, &["reverts"]), &body);
    finish(&client, answer, options.connection.json, options.dry_run)
}

fn finish(client: &Client, answer: super::client::Answer, as_json: bool, dry_run: bool) -> Result<(), Failure> {
    let json = match answer {
        Ok(json) => json,
        // Refused because of what is left to decide: that is data, not a failure to be told in words.
        Err(refusal) if refusal.json["conflicts"].is_array() => {
            if as_json {
                print_json(&refusal.json)?;
            } else {
                let problem: crate::problem::ProblemBody = client.understand(refusal.json)?;
                let (conflicts, violations) =
                    (problem.conflicts.unwrap_or_default(), problem.violations.unwrap_or_default());
                print(&open(&conflicts, &violations, &problem.stats.unwrap_or_default()))?;
            }
            return Err(Failure::new("something is left to decide; nothing was committed").with_code(CONFLICTS));
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let merged: Merged = client.understand(json.clone())?;
    if as_json {
        print_json(&json)?;
    } else {
        print(&outcome(&merged, dry_run))?;
    }
    match merged.state.as_str() {
        "open" => Err(Failure::new("something is left to decide").with_code(CONFLICTS)),
        _ => Ok(()),
    }
}

fn outcome(merged: &Merged, dry_run: bool) -> String {
    let commit = merged.commit.as_deref().map(short).unwrap_or_default();
    let stats = &merged.stats;
    match (merged.state.as_str(), dry_run) {
        ("open", _) => open(&merged.conflicts, &merged.violations, stats),
        ("up_to_date", _) => "nothing to do: it is all there\n".to_owned(),
        ("fast_forward", true) => "the branch would move forward\n".to_owned(),
        ("fast_forward", false) => format!("moved forward to {commit}\n"),
        (_, true) => format!("would merge: {} on both sides, no conflict open\n", count(stats.merged_rows, "row")),
        (_, false) => format!("committed {commit}\n"),
    }
}

/// What is left to decide, one thing a paragraph.
fn open(conflicts: &[ConflictBody], violations: &[ViolationBody], stats: &StatsBody) -> String {
    let mut text = String::new();
    for conflict in conflicts {
        let mut place = vec![conflict.table.clone()];
        place.extend(conflict.key.as_ref().map(|key| format!("row {key}")));
        place.extend(conflict.column.clone());
        place.extend(conflict.check.clone());
        place.extend(conflict.property.clone());
        text.push_str(&format!("conflict {}  {}\n", short(&conflict.id), clean(&place.join(" / "))));
        if let Some(by) = &conflict.deleted_by {
            text.push_str(&format!("  deleted by {by}, changed by the other\n"));
        }
        for (side, value) in [("base", &conflict.base), ("ours", &conflict.ours), ("theirs", &conflict.theirs)] {
            text.push_str(&format!("  {side:<7} {}\n", cell(value)));
        }
    }
    for violation in violations {
        let keys = violation.keys.iter().map(|key| clean(key)).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "violation {}  {}: {}\n  rows    {keys}\n",
            short(&violation.id),
            clean(&violation.table),
            clean(&violation.message)
        ));
    }
    text.push_str(&format!(
        "{} and {} open; decide all with --ours or --theirs, or one by one through the API\n",
        count(stats.open_conflicts, "conflict"),
        count(stats.open_violations, "violation")
    ));
    text
}
