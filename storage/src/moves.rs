//! Datasets that change hands, and where they were before.

use surrealdb::types::{RecordId, SurrealValue, vars};
use uuid::Uuid;

use crate::{DatasetId, PersonId, PersonName, StorageError, Store, datasets::nobody, people::turn, records};

/// A dataset that its owner wants to give to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The dataset.
    pub dataset: DatasetId,
    /// To whom it is offered.
    pub person: PersonId,
    /// The name of who offers it.
    pub made_by: String,
    /// When, in µs since 1970 UTC.
    pub created_at: i64,
}

/// A dataset that changes hands.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    /// The dataset.
    pub dataset: DatasetId,
    /// Whose it is.
    pub from: &'a PersonName,
    /// Whose it will be.
    pub to: &'a PersonName,
    /// What it is called there.
    pub name: &'a str,
    /// Who takes it by an offer, which there has to be.
    pub taker: Option<PersonId>,
    /// Who has another role there from then on, and which.
    pub keeper: Option<(PersonId, &'a str)>,
    /// When, in µs since 1970 UTC.
    pub at: i64,
}

#[derive(SurrealValue)]
struct OfferRow {
    dataset: Uuid,
    person: Uuid,
    made_by: String,
    created_at: i64,
}

impl From<OfferRow> for Offer {
    fn from(row: OfferRow) -> Self {
        Self {
            dataset: DatasetId(row.dataset),
            person: PersonId(row.person),
            made_by: row.made_by,
            created_at: row.created_at,
        }
    }
}

impl Store {
    /// Offers a dataset to somebody, in place of whom it was offered to before.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such dataset.
    pub async fn create_offer(&self, offer: &Offer) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "offer the dataset",
                "{
                    IF !record::exists($dataset) { RETURN false };
                    DELETE $others;
                    CREATE $id SET dataset = $uuid, person = $person, made_by = $made_by, created_at = $at RETURN NONE;
                    RETURN true
                }",
                vars! {
                    dataset: records::dataset(offer.dataset),
                    others: records::offers_of(offer.dataset),
                    id: records::offer(offer.dataset, offer.person),
                    uuid: offer.dataset.0,
                    person: offer.person.0,
                    made_by: offer.made_by.as_str(),
                    at: offer.created_at,
                },
            )
            .await?;
        let name = offer.dataset.to_string();
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "dataset", name }) }
    }

    /// To whom a dataset is offered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn offer_of(&self, dataset: DatasetId) -> Result<Option<Offer>, StorageError> {
        let variables = vars! { range: records::offers_of(dataset) };
        let rows: Vec<OfferRow> = self.database.query("read the offer", "SELECT * FROM $range", variables).await?;
        Ok(rows.into_iter().next().map(Offer::from))
    }

    /// What is offered to somebody, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn offers_to(&self, person: PersonId) -> Result<Vec<Offer>, StorageError> {
        let statement = "SELECT * FROM offer WHERE person = $person ORDER BY created_at DESC";
        let rows: Vec<OfferRow> = self.database.query("list the offers", statement, vars! { person: person.0 }).await?;
        Ok(rows.into_iter().map(Offer::from).collect())
    }

    /// Withdraws what is offered of a dataset; whether something was.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_offer(&self, dataset: DatasetId) -> Result<bool, StorageError> {
        let statement = "{ LET $found = (SELECT VALUE id FROM $range); DELETE $range; RETURN array::len($found) > 0 }";
        let variables = vars! { range: records::offers_of(dataset) };
        self.database.query("withdraw the offer", statement, variables).await
    }

    /// Gives a dataset to another owner: its old address leads to the new one, its offers and the roles of teams end.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when the new owner has one of that name, [`StorageError::NotFound`] when it, what was
    /// offered, or the new owner (a namespace) is not there any more.
    pub async fn transfer_dataset(&self, transfer: &Transfer<'_>) -> Result<(), StorageError> {
        let Transfer { dataset, from, to, name, taker, keeper, at } = transfer;
        let offer: Option<RecordId> = taker.map(|taker| records::offer(*dataset, taker));
        let own: Option<RecordId> = taker.map(|taker| records::role(*dataset, taker));
        let kept: Option<RecordId> = keeper.map(|(keeper, _)| records::role(*dataset, keeper));
        let outcome: String = self
            .database
            .query_keeping(
                self.known.forgetting(*dataset),
                "give the dataset away",
                "{
                    LET $now = (SELECT * FROM ONLY $id);
                    IF $now = NONE OR $now.owner != $from OR $now.deleted_at != NONE { RETURN 'gone' };
                    IF $offer != NONE { IF !record::exists($offer) { RETURN 'gone' } };
                    -- Of this and an end of the namespace one is done again.
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF !record::exists($organisation)
                        AND array::len((SELECT VALUE id FROM person WHERE name = $to)) = 0
                        -- Before there are accounts everything is the one person's.
                        AND array::len((SELECT VALUE id FROM person LIMIT 1)) > 0
                    {
                        RETURN 'nobody'
                    };
                    LET $same = (SELECT VALUE id FROM dataset WHERE owner = $to AND name = $name);
                    IF array::len($same) > 0 { RETURN 'taken' };
                    DELETE moved WHERE owner = $from AND name = $now.name;
                    DELETE moved WHERE owner = $to AND name = $name;
                    CREATE moved SET owner = $from, name = $now.name, dataset = $uuid RETURN NONE;
                    DELETE $ended;
                    IF $own != NONE { DELETE $own };
                    IF $kept != NONE { UPSERT $kept SET person = $keeper, role = $keeps RETURN NONE };
                    UPDATE $id SET owner = $to, name = $name, updated_at = $at RETURN NONE;
                    RETURN 'done'
                }",
                vars! {
                    id: records::dataset(*dataset),
                    uuid: dataset.0,
                    from: from.as_str(),
                    to: to.as_str(),
                    name: *name,
                    organisation: records::organisation(to),
                    names: records::setting("names"),
                    turn: turn(),
                    offer: offer,
                    own: own,
                    kept: kept,
                    keeper: keeper.map(|(keeper, _)| keeper.0),
                    keeps: keeper.map(|(_, role)| role.to_owned()),
                    ended: vec![records::team_roles_in(*dataset), records::offers_of(*dataset)],
                    at: *at,
                },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(()),
            "nobody" => Err(nobody(to)),
            "taken" => Err(StorageError::AlreadyExists { what: "dataset", name: format!("{to}/{name}") }),
            _ => Err(StorageError::NotFound { what: "dataset", name: dataset.to_string() }),
        }
    }

    /// The dataset that was at this address last, where none is now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn moved(&self, owner: &PersonName, name: &str) -> Result<Option<DatasetId>, StorageError> {
        let statement = "SELECT VALUE dataset FROM moved WHERE owner = $owner AND name = $name";
        let found: Vec<Uuid> = self
            .database
            .query("look where the dataset went", statement, vars! { owner: owner.as_str(), name: name })
            .await?;
        Ok(found.into_iter().next().map(DatasetId))
    }
}
