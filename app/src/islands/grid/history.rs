//! Undo and redo.

/// The most steps that can be undone.
const LIMIT: usize = 200;

/// What was done, in order. A step is taken back by applying its inverse.
#[derive(Debug)]
pub struct History<T> {
    done: Vec<T>,
    undone: Vec<T>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { done: Vec::new(), undone: Vec::new() }
    }
}

impl<T: Clone> History<T> {
    /// A step was done. What had been undone can't be redone any more.
    pub fn push(&mut self, step: T) {
        self.undone.clear();
        self.done.push(step);
        if self.done.len() > LIMIT {
            self.done.remove(0);
        }
    }

    /// The step to take back.
    pub fn undo(&mut self) -> Option<T> {
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The step to do again.
    pub fn redo(&mut self) -> Option<T> {
        let step = self.undone.pop()?;
        self.done.push(step.clone());
        Some(step)
    }

    /// Whether there is something to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Adjusts every step, when what it speaks of got another name.
    pub fn each(&mut self, change: impl FnMut(&mut T)) {
        self.done.iter_mut().chain(&mut self.undone).for_each(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undone_steps_are_redone_in_order() {
        let mut history = History::default();
        (1..=3).for_each(|step| history.push(step));
        assert_eq!((history.undo(), history.undo()), (Some(3), Some(2)));
        assert_eq!((history.redo(), history.redo(), history.redo()), (Some(2), Some(3), None));
    }

    #[test]
    fn a_new_step_ends_redo() {
        let mut history = History::default();
        history.push(1);
        history.undo();
        history.push(2);
        assert!(!history.can_redo());
        assert_eq!((history.undo(), history.undo()), (Some(2), None));
    }

    #[test]
    fn the_oldest_steps_are_forgotten() {
        let mut history = History::default();
        (0..LIMIT + 5).for_each(|step| history.push(step));
        let mut oldest = None;
        while let Some(step) = history.undo() {
            oldest = Some(step);
        }
        assert_eq!(oldest, Some(5));
    }
}
