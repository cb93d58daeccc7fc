//! What happens to datasets, told to whoever watches. A hint to look again, never the only way to know.

use storage::DatasetId;
use tokio::sync::broadcast;
use uuid::Uuid;
use versioning::Hash;

use crate::{Actor, DatasetPath, Error, Hub, access::Action};

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person's draft has a new revision.
    Draft {
        /// The person.
        person: String,
        /// The branch it is on.
        branch: String,
        /// The table that was edited; none when the draft as a whole went.
        table: Option<String>,
        /// The revision; 0 when there is no draft any more.
        revision: u64,
    },
    /// A branch has a new head.
    Head {
        /// The branch.
        branch: String,
        /// The commit.
        commit: Hash,
    },
    /// Somebody decided about conflicts of a merge request, or took decisions back.
    Decided {
        /// The request's number.
        request: u64,
        /// Who.
        by: String,
    },
}

pub(crate) struct Events(broadcast::Sender<(Uuid, Event)>);

impl Default for Events {
    fn default() -> Self {
        // A watcher that falls this far behind is told to look again at everything.
        Self(broadcast::channel(1_024).0)
    }
}

impl Events {
    pub(crate) fn send(&self, dataset: Uuid, event: Event) {
        // Nobody watching is no fault.
        let _ = self.0.send((dataset, event));
    }
}

impl Hub {
    /// The events of a dataset from now on, for as long as the person may read it. A draft's events go to its person only.
    /// `None` in between means that some were missed.
    ///
    /// # Errors
    /// There is no such dataset for the person.
    pub async fn events(
        &self,
        actor: &Actor,
        path: &DatasetPath,
    ) -> Result<impl futures::Stream<Item = Option<Event>> + Send + use<>, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let receiver = self.shared.events.0.subscribe();
        let watch = (receiver, self.clone(), actor.clone(), dataset.id);
        Ok(futures::stream::unfold(watch, |(mut receiver, hub, actor, id)| async move {
            loop {
                let event = match receiver.recv().await {
                    Ok((dataset, event)) if dataset == id => {
                        if matches!(&event, Event::Draft { person, .. } if *person != actor.name()) {
                            continue;
                        }
                        Some(event)
                    }
                    Ok(_) => continue,
                    Err(broadcast::error::RecvError::Lagged(_)) => None,
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                // Who was let in once may be shut out since. Whoever watches asks anew when the stream ends, and is told.
                return hub.may_read(&actor, id).await.then_some((event, (receiver, hub, actor, id)));
            }
        }))
    }

    async fn may_read(&self, actor: &Actor, id: Uuid) -> bool {
        if let Some(person) = actor.person_id()
            && !self.usable(person).await.is_ok_and(|person| person.is_some())
        {
            return false;
        }
        let Ok(Some(dataset)) = self.store().dataset_by_id(DatasetId(id)).await else { return false };
        self.role(actor, &dataset).await.is_ok_and(|role| role.is_some())
    }
}
