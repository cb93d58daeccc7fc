//! Walking the rows of a tree in order, with subtrees that need not be opened passed as a whole.

use super::{Child, Content, Leaf, Node, Tree, ahead::LEAVES};
use crate::{Hash, Key, ObjectSource, ReadError};

/// Where a walk stands: the rows of a tree in order, with whole subtrees not opened before they must be.
pub(crate) struct Walk<'s> {
    source: &'s dyn ObjectSource,
    stack: Vec<Frame>,
    root: Option<Hash>,
    /// All rows up to this key are behind us.
    passed: Option<Key>,
    /// The leaves up to this key have been asked for.
    asked: Option<Key>,
}

enum Frame {
    /// The next child.
    Inner(Node, usize),
    /// The next row.
    Leaf(Node, usize),
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next<'w> {
    /// A subtree that is not opened; an unopened root does not know its level nor its last key.
    Subtree { hash: Hash, level: Option<u8>, last: Option<&'w Key> },
    /// A row of an open leaf.
    Row { leaf: &'w Leaf, index: usize },
}

impl<'s> Walk<'s> {
    /// A walk over the rows behind `after`.
    pub(crate) fn new(source: &'s dyn ObjectSource, tree: Tree, after: Option<&Key>) -> Result<Self, ReadError> {
        let mut walk = Self { source, stack: Vec::new(), root: tree.root, passed: None, asked: None };
        if let Some(after) = after {
            walk.pass(after)?;
        }
        Ok(walk)
    }

    fn pass(&mut self, after: &Key) -> Result<(), ReadError> {
        while let Some(next) = self.peek() {
            match next {
                Next::Subtree { last: Some(last), .. } if last <= after => self.skip(),
                Next::Subtree { .. } => self.open()?,
                Next::Row { leaf, index } => {
                    if leaf.key(index) > after.as_bytes() {
                        return Ok(());
                    }
                    self.skip();
                }
            }
        }
        Ok(())
    }

    pub(crate) fn peek(&self) -> Option<Next<'_>> {
        if let Some(hash) = self.root {
            return Some(Next::Subtree { hash, level: None, last: None });
        }
        self.stack.last().map(|frame| match frame {
            Frame::Inner(node, index) => {
                let Content::Inner(inner) = node.content() else { unreachable!("the frame of an inner node") };
                let child = &inner.children()[*index];
                let level = Some(inner.level() - 1);
                Next::Subtree { hash: child.hash, level, last: Some(&child.last) }
            }
            Frame::Leaf(leaf, index) => {
                let Content::Leaf(leaf) = leaf.content() else { unreachable!("the frame of a leaf") };
                Next::Row { leaf, index: *index }
            }
        })
    }

    /// The open leaf and the position in it, when a row comes next.
    pub(crate) fn row(&self) -> Option<(&Node, usize)> {
        match (self.root, self.stack.last()) {
            (None, Some(Frame::Leaf(leaf, index))) => Some((leaf, *index)),
            _ => None,
        }
    }

    /// Whether all rows up to the key are behind the walk.
    pub(crate) fn has_passed(&self, key: &[u8]) -> bool {
        self.passed.as_ref().is_some_and(|passed| key <= passed.as_bytes())
    }

    /// Passes the next subtree or row.
    pub(crate) fn skip(&mut self) {
        if self.root.take().is_some() {
            return;
        }
        let Some(frame) = self.stack.last_mut() else { return };
        let is_at_end = match frame {
            Frame::Inner(node, index) => {
                let Content::Inner(inner) = node.content() else { unreachable!("the frame of an inner node") };
                self.passed = Some(inner.children()[*index].last.clone());
                *index += 1;
                *index == inner.children().len()
            }
            Frame::Leaf(leaf, index) => {
                let Content::Leaf(rows) = leaf.content() else { unreachable!("the frame of a leaf") };
                *index += 1;
                if *index == rows.len() {
                    self.skip_leaf();
                }
                return;
            }
        };
        if is_at_end {
            self.stack.pop();
            self.close();
        }
    }

    /// Passes what is left of the open leaf.
    pub(crate) fn skip_leaf(&mut self) {
        let Some(Frame::Leaf(leaf, _)) = self.stack.pop_if(|frame| matches!(frame, Frame::Leaf(..))) else { return };
        // The node above knows the leaf's last key, which need not be put together then.
        self.passed = Some(match self.stack.last() {
            Some(Frame::Inner(parent, next)) => parent.child_key(*next - 1),
            _ => leaf.last_key(),
        });
        self.close();
    }

    /// The frames above were moved on when their child was opened: those at their end go.
    fn close(&mut self) {
        while let Some(Frame::Inner(node, index)) = self.stack.last() {
            let Content::Inner(inner) = node.content() else { unreachable!("the frame of an inner node") };
            if *index < inner.children().len() {
                break;
            }
            self.stack.pop();
        }
    }

    /// Whether a leaf comes next that has not been asked for.
    pub(crate) fn is_at_unread_leaf(&self) -> bool {
        let next = self.leaves_ahead().first();
        next.is_some_and(|leaf| self.asked.as_ref().is_none_or(|asked| *asked < leaf.last))
    }

    /// The leaves that come next below the innermost open node.
    pub(crate) fn leaves_ahead(&self) -> &[Child] {
        match self.stack.last() {
            Some(Frame::Inner(node, index)) => match node.content() {
                Content::Inner(inner) if inner.level() == 1 => {
                    let leaves = &inner.children()[*index..];
                    &leaves[..leaves.len().min(LEAVES)]
                }
                _ => &[],
            },
            _ => &[],
        }
    }

    /// Notes that the leaves ahead have been asked for.
    pub(crate) fn has_read_ahead(&mut self) {
        if let Some(last) = self.leaves_ahead().last().map(|leaf| leaf.last.clone()) {
            self.asked = Some(last);
        }
    }

    /// Opens the next subtree.
    pub(crate) fn open(&mut self) -> Result<(), ReadError> {
        let node = if let Some(root) = self.root.take() {
            Node::read(self.source, root)?
        } else {
            let Some(Frame::Inner(parent, index)) = self.stack.last_mut() else { return Ok(()) };
            let child = parent.child(self.source, *index)?;
            *index += 1;
            child
        };
        match node.content() {
            Content::Leaf(_) => self.stack.push(Frame::Leaf(node, 0)),
            Content::Inner(_) => self.stack.push(Frame::Inner(node, 0)),
        }
        Ok(())
    }
}
