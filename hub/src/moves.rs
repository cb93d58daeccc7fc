//! Datasets that change hands, and the way from where they were before.

use storage::{DatasetId, Offer, PersonId, PersonName, StorageError, Transfer};

use crate::{
    Actor, AuditKind, Dataset, DatasetPath, Error, Hub, Role, Scope,
    access::Action,
    datasets::{taken, valid_name},
    now,
};

/// What became of a dataset that was to be given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// It is there.
    Done(DatasetPath),
    /// It will be once this person takes it.
    Offered(String),
}

/// A dataset that is offered to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferView {
    /// Where it is.
    pub path: DatasetPath,
    /// What people call it.
    pub title: String,
    /// Who offers it.
    pub made_by: String,
    /// To whom.
    pub to: String,
    /// When, in µs since 1970 UTC.
    pub created_at: i64,
}

impl Hub {
    /// Gives a dataset to another owner: at once where the person makes datasets, else once who is named has taken it.
    ///
    /// # Errors
    /// There is no such dataset for the person, it is not theirs to give, an import into it is not finished, there is
    /// nobody of that name who could take it, or they have a dataset of its name.
    pub async fn transfer(&self, actor: &Actor, path: &DatasetPath, to: &str) -> Result<Transferred, Error> {
        let dataset = self.find_stored(actor, Action::Own, path).await?;
        let to = to.trim();
        if to == path.owner {
            return Err(Error::invalid("owner", format!("It belongs to “{to}” already.")));
        }
        // Who decides over one dataset of a namespace does not decide what is in it.
        if self.authorise_creation(actor, &path.owner).await.is_err() {
            return Err(Error::Forbidden {
                action: format!("give “{path}” away: that is for “{}”", path.owner)
            });
        }
        self.demand_no_imports(dataset.id).await?;
        if self.authorise_creation(actor, to).await.is_ok() {
            let name = dataset.name.clone();
            return self.hand_over(actor, dataset, (&to.into(), &name), None).await.map(Transferred::Done);
        }
        let person = self.store().person(to).await?.filter(|person| person.blocked_at.is_none());
        let person = person.ok_or_else(|| {
            let message = format!("There is no account “{to}”, and no organisation of that name which you own.");
            Error::invalid("owner", message)
        })?;
        let offer =
            Offer { dataset: dataset.id, person: person.id, made_by: actor.name().to_owned(), created_at: now() };
        self.store().create_offer(&offer).await?;
        let what = format!("offered the dataset to {to}");
        let dataset = Dataset::from(dataset);
        self.note(actor, AuditKind::Dataset, dataset.about(), what).await;
        self.shared.inboxes.forget(person.id);
        if let Some(base) = self.link_base() {
            let (name, path) = (actor.name(), &dataset.path);
            let text = format!("{name} wants to give you the dataset {path}. Take it, or don't, at {base}/{to}\n");
            self.post_to(person.id, &format!("{name} wants to give you {path}"), &text).await;
        }
        Ok(Transferred::Offered(to.to_owned()))
    }

    /// `to`: the namespace, and the name in it. `by_offer`: who takes what was offered to them, and who offered it.
    async fn hand_over(
        &self,
        actor: &Actor,
        dataset: storage::Dataset,
        (to, name): (&PersonName, &str),
        by_offer: Option<(PersonId, PersonId)>,
    ) -> Result<DatasetPath, Error> {
        // What runs was begun by the right that people have here now.
        self.demand_no_imports(dataset.id).await?;
        let transfer = Transfer {
            dataset: dataset.id,
            from: &dataset.owner,
            to,
            name,
            taker: by_offer.map(|(taker, _)| taker),
            // Who gives away what was theirs does not lose it out of sight: their draft may be in it.
            keeper: by_offer.map(|(_, giver)| (giver, Role::Maintainer.as_str())),
            at: now(),
        };
        match self.store().transfer_dataset(&transfer).await {
            Ok(()) => {}
            Err(StorageError::NotFound { what: "dataset", .. }) => return Err(Error::not_found("such offer any more")),
            Err(error) => return Err(taken(error)),
        }
        let path = DatasetPath { owner: to.to_string(), name: name.to_owned() };
        if let Some((taker, _)) = by_offer {
            self.shared.inboxes.forget(taker);
        }
        let what = format!("moved {} to {path}", dataset.address());
        self.note(actor, AuditKind::Dataset, Some((dataset.id, path.to_string())), what).await;
        Ok(path)
    }

    async fn offer_view(&self, dataset: &storage::Dataset, offer: Offer) -> Result<Option<OfferView>, Error> {
        let person = self.store().person_by_id(offer.person).await?;
        let path = DatasetPath { owner: dataset.owner.0.clone(), name: dataset.name.clone() };
        Ok(person.map(|person| OfferView {
            path,
            title: dataset.title.clone(),
            made_by: offer.made_by,
            to: person.name.0,
            created_at: offer.created_at,
        }))
    }

    /// The datasets that are offered to the person, the last offered first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn offers(&self, actor: &Actor) -> Result<Vec<OfferView>, Error> {
        let mut views = Vec::new();
        let Some(person) = actor.person_id().filter(|_| !actor.is_confined()) else { return Ok(views) };
        for offer in self.store().offers_to(person).await? {
            if let Some(dataset) = self.store().dataset_by_id(offer.dataset).await? {
                views.extend(self.offer_view(&dataset, offer).await?);
            }
        }
        Ok(views)
    }

    /// To whom a dataset is offered.
    ///
    /// # Errors
    /// There is no such dataset for the person, or it is not theirs to know.
    pub async fn offer(&self, actor: &Actor, path: &DatasetPath) -> Result<Option<OfferView>, Error> {
        let dataset = self.find_stored(actor, Action::Oversee, path).await?;
        match self.store().offer_of(dataset.id).await? {
            Some(offer) => self.offer_view(&dataset, offer).await,
            None => Ok(None),
        }
    }

    /// What is offered to the person at this address.
    async fn offered(&self, actor: &Actor, path: &DatasetPath) -> Result<Option<storage::Dataset>, Error> {
        let Some(person) = actor.person_id().filter(|_| !actor.is_confined()) else { return Ok(None) };
        let dataset = self.store().dataset(&PersonName::from(path.owner.as_str()), &path.name).await?;
        let Some(dataset) = dataset else { return Ok(None) };
        let offer = self.store().offer_of(dataset.id).await?;
        Ok(offer.filter(|offer| offer.person == person).map(|_| dataset))
    }

    /// Takes a dataset that is offered to the person; where it is then. `name`: what it is called there, where that is to be
    /// another name.
    ///
    /// # Errors
    /// Nothing is offered to them there, the name is not valid, or they have a dataset of it.
    pub async fn take_offer(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        name: Option<&str>,
    ) -> Result<DatasetPath, Error> {
        let missing = || Error::not_found(format!("offer of “{path}”"));
        let dataset = self.offered(actor, path).await?.ok_or_else(missing)?;
        if actor.scope() < Scope::Admin {
            return Err(Error::Forbidden { action: format!("take “{path}” with this token") });
        }
        let giver = self.giver(&dataset).await?;
        let taker = actor.person_id().ok_or_else(missing)?;
        let name = match name {
            // A name that stays may be one that is not given any more.
            Some(name) if name.trim() != dataset.name => valid_name(name)?,
            _ => dataset.name.clone(),
        };
        self.hand_over(actor, dataset, (&actor.name().into(), &name), Some((taker, giver))).await
    }

    /// Who offered a dataset; an error where they could not give it away any more.
    async fn giver(&self, dataset: &storage::Dataset) -> Result<PersonId, Error> {
        let ended = || Error::not_found(format!("offer of “{}” any more", dataset.address()));
        let offer = self.store().offer_of(dataset.id).await?.ok_or_else(ended)?;
        let giver = self.store().person(&offer.made_by).await?.filter(|giver| giver.blocked_at.is_none());
        let giver = giver.ok_or_else(ended)?;
        let authorised = self.authorise_creation(&Actor::person(&giver), dataset.owner.as_str()).await;
        authorised.map(|()| giver.id).map_err(|error| match error {
            Error::Forbidden { .. } => ended(),
            error => error,
        })
    }

    /// Withdraws an offer of a dataset, or declines one that was made to the person.
    ///
    /// # Errors
    /// There is no such offer for the person, or it is not theirs to end.
    pub async fn end_offer(&self, actor: &Actor, path: &DatasetPath) -> Result<(), Error> {
        let missing = || Error::not_found(format!("offer of “{path}”"));
        let (id, what) = match self.offered(actor, path).await? {
            Some(_) if actor.scope() < Scope::Admin => {
                return Err(Error::Forbidden { action: format!("decline “{path}” with this token") });
            }
            Some(dataset) => (dataset.id, "declined the dataset"),
            None => (self.find_stored(actor, Action::Own, path).await?.id, "no longer offers the dataset"),
        };
        let offer = self.store().offer_of(id).await?.ok_or_else(missing)?;
        if !self.store().delete_offer(id).await? {
            return Err(missing());
        }
        self.shared.inboxes.forget(offer.person);
        self.note(actor, AuditKind::Dataset, Some((id, path.to_string())), what).await;
        Ok(())
    }

    /// Where a dataset is now that was at this address before, for those who may read it; none where there is one now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn moved_to(&self, actor: &Actor, path: &DatasetPath) -> Result<Option<DatasetPath>, Error> {
        let owner = PersonName::from(path.owner.as_str());
        // Most often there is one, which is known without asking.
        if self.store().dataset(&owner, &path.name).await?.is_some() {
            return Ok(None);
        }
        let Some(id): Option<DatasetId> = self.store().moved(&owner, &path.name).await? else { return Ok(None) };
        let Some(dataset) = self.store().dataset_by_id(id).await? else { return Ok(None) };
        Ok(self.role(actor, &dataset).await?.map(|_| Dataset::from(dataset).path))
    }
}
