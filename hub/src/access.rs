//! Who acts, and what they may do.

use crate::Error;

/// The person for whom something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
}

/// The owner of everything until there are accounts.
const LOCAL: &str = "local";

impl Actor {
    /// The one person of a server that listens on this machine only.
    #[must_use]
    pub fn local() -> Self {
        Self { name: LOCAL.to_owned() }
    }

    /// The person's name, as in addresses and commits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What can be done to a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Write,
    Create,
    /// Rename, delete.
    Manage,
}

impl Action {
    fn words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "change",
            Self::Create => "create datasets for",
            Self::Manage => "manage",
        }
    }
}

/// The rule for the server itself: whoever owns this machine's data runs it. `action` completes “You may not …”.
pub(crate) fn authorise_operator(actor: &Actor, action: &str) -> Result<(), Error> {
    if actor.name == LOCAL { Ok(()) } else { Err(Error::Forbidden { action: action.to_owned() }) }
}

/// The rule: an owner may do everything with what is theirs, and nobody else anything.
pub(crate) fn authorise(actor: &Actor, action: Action, owner: &str) -> Result<(), Error> {
    if actor.name == owner {
        return Ok(());
    }
    match action {
        // A stranger does not even learn that it exists.
        Action::Read => Err(Error::not_found("dataset of that name")),
        Action::Write | Action::Create | Action::Manage => {
            Err(Error::Forbidden { action: format!("{} “{owner}”", action.words()) })
        }
    }
}
