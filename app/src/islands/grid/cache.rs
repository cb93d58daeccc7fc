//! Rows that were loaded, in pages. What is out of date is still shown until its successor arrives.

use std::collections::HashMap;

/// Rows of a page.
pub const PAGE: u64 = 256;
/// Pages that are kept.
const KEPT: usize = 64;
/// Requests under way at a time: the server's answers set the pace while the thumb is dragged.
const PARALLEL: usize = 2;

/// What to do so that the rows that are seen are there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Requests that are of no use any more, by the number of their page.
    pub abort: Vec<u64>,
    /// Pages to ask for.
    pub fetch: Vec<u64>,
}

/// Loaded pages and requests under way.
#[derive(Debug)]
pub struct Cache<R> {
    pages: HashMap<u64, Page<R>>,
    /// Page and generation of what was asked for.
    under_way: Vec<(u64, u64)>,
    /// Counts what made loaded rows out of date.
    generation: u64,
    clock: u64,
}

#[derive(Debug)]
struct Page<R> {
    rows: Vec<R>,
    generation: u64,
    used: u64,
}

impl<R> Default for Cache<R> {
    fn default() -> Self {
        Self { pages: HashMap::new(), under_way: Vec::new(), generation: 0, clock: 0 }
    }
}

impl<R> Cache<R> {
    /// The row, if it is loaded.
    #[must_use]
    pub fn row(&self, row: u64) -> Option<&R> {
        self.pages.get(&(row / PAGE))?.rows.get(usize::try_from(row % PAGE).ok()?)
    }

    /// Loaded rows and their positions, in no order.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = (u64, &mut R)> {
        self.pages.iter_mut().flat_map(|(number, page)| (number * PAGE..).zip(&mut page.rows))
    }

    /// Loaded rows and their positions, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (u64, &R)> {
        self.pages.iter().flat_map(|(number, page)| (number * PAGE..).zip(&page.rows))
    }

    /// What is loaded is out of date, and so is what is under way.
    pub fn invalidate(&mut self) {
        self.generation += 1;
    }

    /// Plans for the rows from `first` to before `end`, which are seen.
    pub fn plan(&mut self, first: u64, end: u64) -> Plan {
        let mut plan = Plan::default();
        if first >= end {
            return plan;
        }
        self.clock += 1;
        let seen = first / PAGE..=(end - 1) / PAGE;
        for number in seen.clone() {
            if let Some(page) = self.pages.get_mut(&number) {
                page.used = self.clock;
            }
        }
        let generation = self.generation;
        let fresh = |request: &(u64, u64)| seen.contains(&request.0) && request.1 == generation;
        let missing: Vec<u64> = seen
            .clone()
            .filter(|number| self.pages.get(number).is_none_or(|page| page.generation < generation))
            .filter(|number| !self.under_way.contains(&(*number, generation)))
            .collect();
        for number in missing {
            if self.under_way.len() >= PARALLEL {
                let Some(useless) = self.under_way.iter().position(|request| !fresh(request)) else { break };
                plan.abort.push(self.under_way.remove(useless).0);
            }
            self.under_way.retain(|(page, _)| {
                *page != number || {
                    plan.abort.push(*page);
                    false
                }
            });
            self.under_way.push((number, generation));
            plan.fetch.push(number);
        }
        plan
    }

    /// The page was loaded.
    pub fn arrived(&mut self, number: u64, rows: Vec<R>) {
        let Some(request) = self.under_way.iter().position(|(page, _)| *page == number) else { return };
        let (_, generation) = self.under_way.remove(request);
        self.insert(number, rows, generation);
    }

    /// The page was loaded without having been planned.
    pub fn put(&mut self, number: u64, rows: Vec<R>) {
        self.insert(number, rows, self.generation);
    }

    fn insert(&mut self, number: u64, rows: Vec<R>, generation: u64) {
        self.clock += 1;
        self.pages.insert(number, Page { rows, generation, used: self.clock });
        if self.pages.len() > KEPT {
            let oldest = self.pages.iter().min_by_key(|(_, page)| page.used).map(|(number, _)| *number);
            oldest.and_then(|number| self.pages.remove(&number));
        }
    }

    /// The page could not be loaded.
    pub fn failed(&mut self, number: u64) {
        self.under_way.retain(|(page, _)| *page != number);
    }

    /// Forgets what lies past the end of the table.
    pub fn truncate(&mut self, total: u64) {
        self.pages.retain(|number, page| {
            let left = total.saturating_sub(number * PAGE);
            page.rows.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(fetch: &[u64], abort: &[u64]) -> Plan {
        Plan { fetch: fetch.to_vec(), abort: abort.to_vec() }
    }

    #[test]
    fn a_page_is_asked_for_once() {
        let mut cache = Cache::default();
        assert_eq!(cache.plan(250, 290), plan(&[0, 1], &[]));
        assert_eq!(cache.plan(250, 290), plan(&[], &[]));
        cache.arrived(1, (256..512).collect());
        assert_eq!(cache.row(300), Some(&300));
        assert_eq!(cache.row(20), None);
        cache.failed(0);
        assert_eq!(cache.plan(250, 290), plan(&[0], &[]));
        assert_eq!(cache.plan(5, 5), plan(&[], &[]));
    }

    #[test]
    fn what_is_not_seen_any_more_gives_way() {
        let mut cache: Cache<u64> = Cache::default();
        assert_eq!(cache.plan(0, 20), plan(&[0], &[]));
        assert_eq!(cache.plan(100_000, 100_020), plan(&[390], &[]));
        assert_eq!(cache.plan(200_000, 200_020), plan(&[781], &[0]));
        // A late answer of an aborted request is dropped.
        cache.arrived(0, vec![7]);
        assert_eq!(cache.row(0), None);
    }

    #[test]
    fn out_of_date_rows_are_shown_until_new_ones_arrive() {
        let mut cache = Cache::default();
        cache.plan(0, 20);
        cache.arrived(0, vec![1]);
        cache.plan(300, 301);
        cache.invalidate();
        assert_eq!(cache.row(0), Some(&1));
        assert_eq!(cache.plan(0, 20), plan(&[0], &[]));
        // What was under way when the rows went out of date is shown, and asked for again.
        cache.arrived(1, vec![5]);
        assert_eq!(cache.row(256), Some(&5));
        assert_eq!(cache.plan(300, 301), plan(&[1], &[]));
        cache.arrived(0, vec![2]);
        assert_eq!(cache.row(0), Some(&2));
    }

    #[test]
    fn an_out_of_date_request_for_the_same_page_is_replaced() {
        let mut cache: Cache<u64> = Cache::default();
        cache.plan(0, 20);
        cache.invalidate();
        assert_eq!(cache.plan(0, 20), plan(&[0], &[0]));
    }

    #[test]
    fn the_pages_used_longest_ago_are_forgotten() {
        let mut cache = Cache::default();
        for number in 0..=KEPT as u64 {
            cache.plan(0, 1);
            cache.plan(number * PAGE, number * PAGE + 1);
            cache.arrived(number, vec![number]);
        }
        assert_eq!(cache.row(0), Some(&0), "it was looked at all the time");
        assert_eq!(cache.row(PAGE), None);
    }

    #[test]
    fn rows_past_the_end_are_forgotten() {
        let mut cache = Cache::default();
        cache.plan(0, 300);
        cache.arrived(0, (0..256).collect());
        cache.arrived(1, (256..300).collect());
        cache.truncate(256);
        assert_eq!((cache.row(255), cache.row(256)), (Some(&255), None));
    }
}
