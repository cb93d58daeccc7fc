//! Scrolling over any number of rows within the height that browsers can lay out.
//!
//! A browser shows elements of at most some 16 million device pixels, which at two device pixels per CSS pixel is 8
//! million: 250,000 rows. Beyond that the scroll bar's range is a scaled-down stand-in for the content. Small movements
//! (wheel, touch, keys) then move the content by just as many pixels, so that every row can be reached; large ones (the
//! scroll bar's thumb) jump in proportion. Both ends are mapped one to one, so the first and the last row are exact.

/// The largest height the scrolled space is given, in CSS pixels.
pub const MAX_SPACE: f64 = 8_000_000.0;

/// Movements up to this many pixels move the content by as much. A thumb's smallest step is larger wherever the content
/// is scaled: 8 million pixels over a track of at most some 4,000.
const FINE: f64 = 2_000.0;

/// The rows to show and where the first one begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The first row of which something is seen.
    pub first: u64,
    /// One past the last row of which something is seen.
    pub end: u64,
    /// By how many pixels the first row is above the upper edge.
    pub shift: f64,
}

/// Where the content stands behind the window, and what the scrolled element was told about it.
///
/// Lengths are CSS pixels; *position* is the content's offset, *top* the element's `scrollTop`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scroll {
    rows: u64,
    row_height: f64,
    view: f64,
    position: f64,
    top: f64,
}

impl Scroll {
    /// At the first row. `view` is the height in which rows are seen (without the header).
    #[must_use]
    pub fn new(rows: u64, row_height: f64, view: f64) -> Self {
        Self { rows, row_height: row_height.max(1.0), view: view.max(0.0), position: 0.0, top: 0.0 }
    }

    /// Takes new measures. What is seen stays where it was as far as possible. The answer is the `scrollTop` to set.
    pub fn resize(&mut self, rows: u64, row_height: f64, view: f64) -> f64 {
        let row_height = row_height.max(1.0);
        let position = self.position / self.row_height * row_height;
        (self.rows, self.row_height, self.view) = (rows, row_height, view.max(0.0));
        self.go_to(position)
    }

    /// The height of the scrolled space.
    #[must_use]
    pub fn space(&self) -> f64 {
        self.total().min(MAX_SPACE)
    }

    /// The height of a row.
    #[must_use]
    pub const fn row_height(&self) -> f64 {
        self.row_height
    }

    /// The content's offset.
    #[must_use]
    pub const fn position(&self) -> f64 {
        self.position
    }

    /// Whole rows that fit into the window; at least one.
    #[must_use]
    pub fn page(&self) -> u64 {
        ((self.view / self.row_height) as u64).max(1)
    }

    /// What is seen.
    #[must_use]
    pub fn window(&self) -> Window {
        let first = ((self.position / self.row_height) as u64).min(self.rows.saturating_sub(1));
        let end = (((self.position + self.view) / self.row_height).ceil() as u64).clamp(first, self.rows);
        Window { first, end, shift: self.position - first as f64 * self.row_height }
    }

    /// The element says that it was scrolled. The answer is the `scrollTop` to set at once, if it is running out of
    /// space while there is content left.
    pub fn scrolled(&mut self, top: f64) -> Option<f64> {
        let delta = top - self.top;
        self.top = top;
        if delta == 0.0 {
            return None;
        }
        let scaled = self.total() > MAX_SPACE;
        if !scaled || delta.abs() > FINE {
            self.position = self.position_of(top);
            return None;
        }
        self.position = self.within(self.position + delta);
        let (above, below) = (self.position, self.last_position() - self.position);
        let (space_above, space_below) = (top, self.last_top() - top);
        // What rounding left over at an end is less than an element can be scrolled by.
        if space_above < 1.0 && above <= space_above + 1.0 {
            self.position = 0.0;
        } else if space_below < 1.0 && below <= space_below + 1.0 {
            self.position = self.last_position();
        }
        let short = |space: f64, content: f64| space < FINE / 2.0 && content > space + 1.0;
        (short(space_above, above) || short(space_below, below)).then(|| self.top_of(self.position))
    }

    /// Scrolling has come to rest. The answer is the `scrollTop` to set so that the thumb tells the truth, if it does not.
    #[must_use]
    pub fn settled(&self) -> Option<f64> {
        let top = self.top_of(self.position);
        ((top - self.top).abs() >= 1.0).then_some(top)
    }

    /// Moves the content. The answer is the `scrollTop` to set.
    pub fn go_to(&mut self, position: f64) -> f64 {
        self.position = self.within(position);
        self.top_of(self.position)
    }

    /// Moves the content as little as is needed to show the whole row. The answer is the `scrollTop` to set, if anything
    /// moves.
    pub fn reveal(&mut self, row: u64) -> Option<f64> {
        let start = row as f64 * self.row_height;
        let end = start + self.row_height - self.view;
        if start < self.position {
            Some(self.go_to(start))
        } else if end > self.position {
            Some(self.go_to(end))
        } else {
            None
        }
    }

    /// What `scrollTop` became after it was set: browsers round it.
    pub fn placed(&mut self, top: f64) {
        self.top = top;
    }

    fn total(&self) -> f64 {
        self.rows as f64 * self.row_height
    }

    /// The nearest position that there is. `f64::clamp` has a panic that tells its bounds, and code to write floats is large.
    fn within(&self, position: f64) -> f64 {
        position.max(0.0).min(self.last_position())
    }

    fn last_position(&self) -> f64 {
        (self.total() - self.view).max(0.0)
    }

    fn last_top(&self) -> f64 {
        (self.space() - self.view).max(0.0)
    }

    /// How much of either end is mapped one to one.
    fn end_zone(&self) -> f64 {
        FINE.min(self.last_top() / 4.0)
    }

    fn position_of(&self, top: f64) -> f64 {
        let (end, last_top, last) = (self.end_zone(), self.last_top(), self.last_position());
        // A browser's largest scrollTop may be rounded down by less than a pixel.
        if top >= last_top - 1.0 {
            last
        } else if top <= end {
            top.max(0.0)
        } else if top >= last_top - end {
            last - (last_top - top)
        } else {
            end + (top - end) / (last_top - 2.0 * end) * (last - 2.0 * end)
        }
    }

    fn top_of(&self, position: f64) -> f64 {
        let (end, last_top, last) = (self.end_zone(), self.last_top(), self.last_position());
        if position <= end {
            position
        } else if position >= last - end {
            last_top - (last - position)
        } else {
            end + (position - end) / (last - 2.0 * end) * (last_top - 2.0 * end)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROW: f64 = 33.0;
    const VIEW: f64 = 600.0;

    /// A browser's element: rounds `scrollTop` to device pixels and keeps it in its range.
    struct Element {
        top: f64,
        last: f64,
        ratio: f64,
    }

    impl Element {
        fn new(scroll: &Scroll, ratio: f64) -> Self {
            Self { top: 0.0, last: scroll.space() - VIEW, ratio }
        }

        fn set(&mut self, top: f64) {
            self.top = ((top * self.ratio).floor() / self.ratio).clamp(0.0, self.last);
        }

        /// A person scrolls; the grid answers as the island does.
        fn by(&mut self, delta: f64, scroll: &mut Scroll) {
            self.set(self.top + delta);
            if let Some(top) = scroll.scrolled(self.top) {
                self.set(top);
                scroll.placed(self.top);
            }
        }

        fn to(&mut self, top: f64, scroll: &mut Scroll) {
            self.by(top - self.top, scroll);
        }

        fn settle(&mut self, scroll: &mut Scroll) {
            if let Some(top) = scroll.settled() {
                self.set(top);
                scroll.placed(self.top);
            }
        }
    }

    fn bottom(scroll: &Scroll) -> f64 {
        let window = scroll.window();
        (window.end - window.first) as f64 * ROW - window.shift
    }

    #[test]
    fn few_rows_scroll_as_any_element_does() {
        let mut scroll = Scroll::new(1_000, ROW, VIEW);
        assert_eq!(scroll.space(), 33_000.0);
        assert_eq!(scroll.scrolled(3_300.5), None);
        assert_eq!(scroll.window(), Window { first: 100, end: 119, shift: 0.5 });
        assert_eq!(scroll.settled(), None);
    }

    #[test]
    fn no_rows_and_fewer_than_fit() {
        assert_eq!(Scroll::new(0, ROW, VIEW).window(), Window { first: 0, end: 0, shift: 0.0 });
        let mut scroll = Scroll::new(3, ROW, VIEW);
        assert_eq!(scroll.reveal(2), None);
        assert_eq!(scroll.window(), Window { first: 0, end: 3, shift: 0.0 });
    }

    #[test]
    fn the_last_of_ten_million_rows_is_flush_with_the_bottom() {
        for ratio in [1.0, 1.25, 2.0] {
            for rows in [250_000, 1_000_000, 10_000_000, 4_000_000_000] {
                let mut scroll = Scroll::new(rows, ROW, VIEW);
                let mut element = Element::new(&scroll, ratio);
                assert!(scroll.space() * ratio <= 16_700_000.0);
                element.to(f64::MAX, &mut scroll);
                assert_eq!(scroll.window().end, rows, "the thumb at its end, {rows} rows, ratio {ratio}");
                assert_eq!(bottom(&scroll), VIEW);
                element.to(0.0, &mut scroll);
                assert_eq!(scroll.window(), Window { first: 0, end: 19, shift: 0.0 });
                let top = scroll.reveal(rows - 1).expect("it is far away");
                element.set(top);
                scroll.placed(element.top);
                assert_eq!(scroll.window().end, rows);
                assert_eq!(bottom(&scroll), VIEW);
            }
        }
    }

    #[test]
    fn the_wheel_reaches_every_row_up_to_both_ends() {
        for ratio in [1.0, 2.0] {
            let rows = 10_000_000;
            let mut scroll = Scroll::new(rows, ROW, VIEW);
            let mut element = Element::new(&scroll, ratio);
            // Somewhere near the end, where the thumb has less range left than there is content.
            element.to(element.last - 2_500.0, &mut scroll);
            let mut seen = scroll.window();
            assert!(rows - seen.end > 100, "there is something to scroll");
            while seen.end < rows || bottom(&scroll) > VIEW {
                element.by(120.0, &mut scroll);
                let now = scroll.window();
                assert!(now.first <= seen.end, "no row was jumped over");
                assert!(now != seen, "it never gets stuck: {now:?} {element:?}", element = element.top);
                seen = now;
            }
            assert_eq!(bottom(&scroll), VIEW);
            element.to(2_500.0, &mut scroll);
            while scroll.window() != (Window { first: 0, end: 19, shift: 0.0 }) {
                let before = scroll.window();
                element.by(-120.0, &mut scroll);
                assert!(scroll.window().end >= before.first && scroll.window() != before);
            }
        }
    }

    #[test]
    fn new_rows_keep_what_is_seen() {
        let mut scroll = Scroll::new(1_000_000, ROW, VIEW);
        scroll.reveal(500_000);
        let seen = scroll.window();
        scroll.resize(1_000_001, ROW, VIEW);
        assert_eq!(scroll.window(), seen);
        scroll.resize(10, ROW, VIEW);
        assert_eq!(scroll.window().first, 0);
    }

    proptest! {
        #[test]
        fn every_row_can_be_revealed_whole(rows in 1_u64..20_000_000, row in 0_u64..20_000_000, from in 0_u64..20_000_000) {
            let (row, from) = (row % rows, from % rows);
            let mut scroll = Scroll::new(rows, ROW, VIEW);
            for target in [from, row] {
                if let Some(top) = scroll.reveal(target) {
                    prop_assert!((0.0..=scroll.last_top() + 0.001).contains(&top));
                    scroll.placed(top.round());
                }
                let window = scroll.window();
                let start = (target - window.first) as f64 * ROW - window.shift;
                prop_assert!(window.first <= target && target < window.end);
                prop_assert!(start >= -0.001 && start + ROW <= VIEW.max(ROW) + 0.001);
            }
            // Coming to rest moves the thumb, never the content.
            let seen = scroll.window();
            if let Some(top) = scroll.settled() {
                scroll.placed(top);
            }
            prop_assert_eq!(scroll.window(), seen);
        }

        #[test]
        fn the_thumb_is_monotone_and_so_is_what_it_shows(rows in 1_u64..20_000_000, a in 0.0..8e6_f64, b in 0.0..8e6_f64) {
            let scroll = Scroll::new(rows, ROW, VIEW);
            let (low, high) = (a.min(b).min(scroll.last_top()), a.max(b).min(scroll.last_top()));
            prop_assert!(scroll.position_of(low) <= scroll.position_of(high));
            let there_and_back = scroll.top_of(scroll.position_of(low));
            prop_assert!((there_and_back - low).abs() <= 1.0);
        }

        #[test]
        fn small_steps_are_one_to_one(rows in 300_000_u64..20_000_000, start in 0.1..0.9_f64, steps in prop::collection::vec(-500_i32..500, 1..40)) {
            let mut scroll = Scroll::new(rows, ROW, VIEW);
            let mut element = Element::new(&scroll, 2.0);
            element.to(start * element.last, &mut scroll);
            for step in steps {
                let before = scroll.position;
                element.by(f64::from(step), &mut scroll);
                prop_assert!((scroll.position - before - f64::from(step)).abs() < 0.001);
                element.settle(&mut scroll);
                prop_assert!((scroll.position - before - f64::from(step)).abs() < 0.001);
            }
        }
    }
}
