//! Organisations: names that several people share, their members, and teams of these.
//!
//! Whatever changes who belongs to what writes one record for all of it, so that of two such transactions at a time one is
//! done again and sees the other: there is always an owner, a team is of members, and a role is of a team that is there.

use std::collections::BTreeMap;

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;

use crate::{DatasetId, Person, PersonId, PersonName, StorageError, Store, people::turn, records};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// As in addresses; unique among people and organisations.
    pub name: PersonName,
    /// What it is called; the name where empty.
    pub display: String,
    /// What it is about.
    pub description: String,
    /// What its members are in all its datasets; the hub says how to read it.
    pub base: String,
    /// When it was founded, in µs since 1970 UTC.
    pub created_at: i64,
}

/// What to change in an organisation; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChanges {
    /// What it is called.
    pub display: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What its members are in all its datasets.
    pub base: Option<String>,
}

/// A team of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Unique in the organisation.
    pub name: String,
    /// Who is in it.
    pub members: Vec<PersonId>,
}

/// What became of a change of what somebody is in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// It is so.
    Done,
    /// Nobody would be left who is the most there.
    Last,
    /// They do not belong to it.
    Stranger,
}

/// What somebody has been given in a dataset, as the hub wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SurrealValue)]
pub struct Rights {
    /// What they are in the organisation that owns it.
    pub membership: Option<String>,
    /// The roles that they have there by themselves, as a member of the organisation, and by their teams.
    pub roles: Vec<String>,
}

#[derive(SurrealValue)]
struct Row {
    id: RecordId,
    display: String,
    description: String,
    base: String,
    created_at: i64,
}

impl Organisation {
    fn from_row(row: Row, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            name: records::name_of(&row.id, attempted)?,
            display: row.display,
            description: row.description,
            base: row.base,
            created_at: row.created_at,
        })
    }
}

fn missing(name: &PersonName) -> StorageError {
    StorageError::NotFound { what: "organisation", name: name.to_string() }
}

fn missing_team(name: &str) -> StorageError {
    StorageError::NotFound { what: "team", name: name.to_owned() }
}

impl Store {
    /// Founds an organisation with its first member.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when somebody or something has the name.
    pub async fn create_organisation(
        &self,
        organisation: &Organisation,
        founder: PersonId,
        role: &str,
    ) -> Result<(), StorageError> {
        let content = object! {
            display: organisation.display.as_str(),
            description: organisation.description.as_str(),
            base: organisation.base.as_str(),
            created_at: organisation.created_at,
        };
        let made: bool = self
            .database
            .query(
                "found the organisation",
                "{
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF record::exists($id) OR record::exists($former)
                        OR array::len((SELECT VALUE id FROM person WHERE name = $name)) > 0
                        OR array::len((SELECT VALUE id FROM dataset WHERE owner = $name LIMIT 1)) > 0
                    {
                        RETURN false
                    };
                    CREATE $id CONTENT $content RETURN NONE;
                    UPSERT $membership SET organisation = $id, person = $person, role = $role RETURN NONE;
                    RETURN true
                }",
                vars! {
                    id: records::organisation(&organisation.name),
                    former: records::former_name(organisation.name.as_str()),
                    name: organisation.name.as_str(),
                    content: Value::Object(content),
                    membership: records::membership(&organisation.name, founder),
                    person: founder.0,
                    role: role,
                    names: records::setting("names"),
                    turn: turn(),
                },
            )
            .await?;
        let name = organisation.name.to_string();
        if made { Ok(()) } else { Err(StorageError::AlreadyExists { what: "organisation", name }) }
    }

    /// The organisation of this name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn organisation(&self, name: &PersonName) -> Result<Option<Organisation>, StorageError> {
        let attempted = "read the organisation";
        let variables = vars! { id: records::organisation(name) };
        let row: Option<Row> = self.database.query(attempted, "SELECT * FROM ONLY $id", variables).await?;
        row.map(|row| Organisation::from_row(row, attempted)).transpose()
    }

    /// Changes an organisation.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn update_organisation(
        &self,
        name: &PersonName,
        changes: &OrganisationChanges,
    ) -> Result<(), StorageError> {
        let mut fields = object! {};
        for (field, value) in
            [("display", &changes.display), ("description", &changes.description), ("base", &changes.base)]
        {
            if let Some(value) = value {
                fields.insert(field.to_owned(), Value::String(value.clone()));
            }
        }
        let found: bool = self
            .database
            .query(
                "change the organisation",
                "{
                    IF !record::exists($id) { RETURN false };
                    UPDATE $id MERGE $fields RETURN NONE;
                    RETURN true
                }",
                vars! { id: records::organisation(name), fields: Value::Object(fields) },
            )
            .await?;
        if found { Ok(()) } else { Err(missing(name)) }
    }

    /// Ends an organisation with its teams, memberships and invitations; not, and `false`, while it has datasets, deleted ones that can
    /// be brought back included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_organisation(&self, name: &PersonName) -> Result<bool, StorageError> {
        self.database
            .query(
                "end the organisation",
                "{
                    UPSERT $guard SET value = $turn RETURN NONE;
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF array::len((SELECT VALUE id FROM dataset WHERE owner = $name LIMIT 1)) > 0 { RETURN false };
                    DELETE $parts;
                    -- Who gets the name next has nothing of it, not even ways that lead elsewhere.
                    DELETE moved WHERE owner = $name;
                    DELETE $id;
                    RETURN true
                }",
                vars! {
                    id: records::organisation(name),
                    name: name.as_str(),
                    parts: vec![
                        records::memberships_in(name),
                        records::invitations_in(name),
                        records::teams_in(name),
                        records::team_members_in(name, None),
                    ],
                    guard: records::setting("members"),
                    names: records::setting("names"),
                    turn: turn(),
                },
            )
            .await
    }

    /// What somebody is in an organisation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn membership(
        &self,
        organisation: &PersonName,
        person: PersonId,
    ) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::membership(organisation, person) };
        self.database.query("read the membership", "RETURN $id.role", variables).await
    }

    /// Who belongs to an organisation, and as what.
    ///
    /// # Errors
    /// The database failed.
    pub async fn memberships_in(&self, organisation: &PersonName) -> Result<Vec<(PersonId, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            person: Uuid,
            role: String,
        }
        let variables = vars! { range: records::memberships_in(organisation) };
        let rows: Vec<Row> =
            self.database.query("list the members", "SELECT person, role FROM $range", variables).await?;
        Ok(rows.into_iter().map(|row| (PersonId(row.person), row.role)).collect())
    }

    /// The organisations that somebody belongs to, and as what, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn memberships_of(&self, person: PersonId) -> Result<Vec<(Organisation, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Membership {
            role: String,
            document: Option<Row>,
        }
        let attempted = "list the organisations";
        let statement = "SELECT role, organisation.* AS document FROM membership WHERE person = $person";
        let rows: Vec<Membership> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        let rows = rows.into_iter().filter_map(|row| Some((row.document?, row.role)));
        let found: Result<Vec<_>, _> =
            rows.map(|(row, role)| Ok((Organisation::from_row(row, attempted)?, role))).collect();
        let mut found: Vec<(Organisation, String)> = found?;
        found.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        Ok(found)
    }

    /// Changes what a member is, or takes that from them, with their teams. Whom somebody has invited who is less than `most`
    /// from then on is not invited any more.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such organisation.
    pub async fn set_membership(
        &self,
        organisation: &PersonName,
        person: &Person,
        role: Option<&str>,
        most: &str,
    ) -> Result<MembershipChange, StorageError> {
        let outcome: String = self
            .database
            .query(
                "change who belongs to the organisation",
                "{
                    IF !record::exists($organisation) { RETURN 'missing' };
                    UPSERT $guard SET value = $turn RETURN NONE;
                    -- Who does not belong to it is asked first.
                    IF !record::exists($id) { RETURN 'stranger' };
                    LET $others = (SELECT VALUE person FROM $range WHERE role = $most AND person != $person);
                    IF $role != $most AND $id.role = $most AND array::len($others) = 0 { RETURN 'last' };
                    IF $role != $most { DELETE $invitations WHERE made_by = $name };
                    IF $role = NONE {
                        DELETE $id;
                        DELETE $teams
                    } ELSE {
                        UPDATE $id SET role = $role RETURN NONE
                    };
                    RETURN 'done'
                }",
                vars! {
                    organisation: records::organisation(organisation),
                    id: records::membership(organisation, person.id),
                    range: records::memberships_in(organisation),
                    teams: records::team_members_in(organisation, Some(person.id)),
                    invitations: records::invitations_in(organisation),
                    person: person.id.0,
                    name: person.name.as_str(),
                    role: role.map(str::to_owned),
                    most: most,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(MembershipChange::Done),
            "last" => Ok(MembershipChange::Last),
            "stranger" => Ok(MembershipChange::Stranger),
            _ => Err(missing(organisation)),
        }
    }

    /// The teams of an organisation, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn teams_in(&self, organisation: &PersonName) -> Result<Vec<Team>, StorageError> {
        #[derive(SurrealValue)]
        struct Found {
            teams: Vec<String>,
            members: Vec<Row>,
        }
        #[derive(SurrealValue)]
        struct Row {
            person: Uuid,
            team: String,
        }
        let found: Found = self
            .database
            .query(
                "list the teams",
                "RETURN {
                    teams: (SELECT VALUE name FROM $teams),
                    members: (SELECT person, team FROM $members)
                }",
                vars! {
                    teams: records::teams_in(organisation),
                    members: records::team_members_in(organisation, None),
                },
            )
            .await?;
        let mut teams: BTreeMap<String, Vec<PersonId>> =
            found.teams.into_iter().map(|name| (name, Vec::new())).collect();
        for member in found.members {
            if let Some(team) = teams.get_mut(&member.team) {
                team.push(PersonId(member.person));
            }
        }
        Ok(teams.into_iter().map(|(name, members)| Team { name, members }).collect())
    }

    /// Makes a team without members.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`], or [`StorageError::NotFound`] when there is no such organisation.
    pub async fn create_team(&self, organisation: &PersonName, team: &str) -> Result<(), StorageError> {
        let outcome: String = self
            .database
            .query(
                "make the team",
                "{
                    IF !record::exists($organisation) { RETURN 'missing' };
                    IF record::exists($id) { RETURN 'exists' };
                    UPSERT $guard SET value = $turn RETURN NONE;
                    CREATE $id SET name = $name RETURN NONE;
                    RETURN 'made'
                }",
                vars! {
                    organisation: records::organisation(organisation),
                    id: records::team(organisation, team),
                    name: team,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        match outcome.as_str() {
            "made" => Ok(()),
            "exists" => Err(StorageError::AlreadyExists { what: "team", name: team.to_owned() }),
            _ => Err(missing(organisation)),
        }
    }

    /// Ends a team, and its roles in all datasets.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn delete_team(&self, organisation: &PersonName, team: &str) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "end the team",
                "{
                    IF !record::exists($id) { RETURN false };
                    UPSERT $guard SET value = $turn RETURN NONE;
                    DELETE $id;
                    DELETE $members WHERE team = $team;
                    DELETE team_role WHERE organisation = $organisation AND team = $team;
                    RETURN true
                }",
                vars! {
                    id: records::team(organisation, team),
                    members: records::team_members_in(organisation, None),
                    organisation: organisation.as_str(),
                    team: team,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        if found { Ok(()) } else { Err(missing_team(team)) }
    }

    /// Puts somebody into a team, or takes them out of it; not, and `false`, when they do not belong to the organisation.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such team.
    pub async fn set_team_member(
        &self,
        organisation: &PersonName,
        team: &str,
        person: PersonId,
        is_in: bool,
    ) -> Result<bool, StorageError> {
        let outcome: String = self
            .database
            .query(
                "change who is in the team",
                "{
                    IF !record::exists($id) { RETURN 'missing' };
                    UPSERT $guard SET value = $turn RETURN NONE;
                    IF !$is_in { DELETE $member; RETURN 'done' };
                    IF !record::exists($membership) { RETURN 'stranger' };
                    UPSERT $member SET person = $person, team = $team RETURN NONE;
                    RETURN 'done'
                }",
                vars! {
                    id: records::team(organisation, team),
                    membership: records::membership(organisation, person),
                    member: records::team_member(organisation, person, team),
                    person: person.0,
                    team: team,
                    is_in: is_in,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(true),
            "stranger" => Ok(false),
            _ => Err(missing_team(team)),
        }
    }

    /// The teams that have a role in a dataset, and which.
    ///
    /// # Errors
    /// The database failed.
    pub async fn team_roles_in(&self, dataset: DatasetId) -> Result<Vec<(String, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            team: String,
            role: String,
        }
        let variables = vars! { range: records::team_roles_in(dataset) };
        let rows: Vec<Row> = self.database.query("list the roles", "SELECT team, role FROM $range", variables).await?;
        Ok(rows.into_iter().map(|row| (row.team, row.role)).collect())
    }

    /// Gives a team of the owning organisation a role in a dataset, or takes it from them.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such team, or the dataset is not that organisation's.
    pub async fn set_team_role(
        &self,
        dataset: DatasetId,
        organisation: &PersonName,
        team: &str,
        role: Option<&str>,
    ) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "give the role",
                "{
                    IF !record::exists($team) OR $dataset.owner != $organisation { RETURN false };
                    UPSERT $guard SET value = $turn RETURN NONE;
                    IF $role = NONE {
                        DELETE $id
                    } ELSE {
                        UPSERT $id SET organisation = $organisation, team = $name, role = $role RETURN NONE
                    };
                    RETURN true
                }",
                vars! {
                    dataset: records::dataset(dataset),
                    team: records::team(organisation, team),
                    id: records::team_role(dataset, team),
                    organisation: organisation.as_str(),
                    name: team,
                    role: role.map(str::to_owned),
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        if found { Ok(()) } else { Err(missing_team(team)) }
    }

    /// What somebody has been given in a dataset of this owner, by whatever way.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rights(
        &self,
        dataset: DatasetId,
        owner: &PersonName,
        person: PersonId,
    ) -> Result<Rights, StorageError> {
        // Who is in no organisation, which is most often so, costs two records.
        self.database
            .query(
                "read the roles",
                "{
                    LET $own = IF $role.role = NONE { [] } ELSE { [$role.role] };
                    LET $is = $membership.role;
                    IF $is = NONE { RETURN { roles: $own } };
                    LET $mine = (SELECT VALUE team FROM $teams);
                    LET $theirs = (SELECT VALUE role FROM $team_roles WHERE team IN $mine);
                    RETURN { membership: $is, roles: array::concat($own, [$organisation.base], $theirs) }
                }",
                vars! {
                    role: records::role(dataset, person),
                    membership: records::membership(owner, person),
                    organisation: records::organisation(owner),
                    teams: records::team_members_in(owner, Some(person)),
                    team_roles: records::team_roles_in(dataset),
                },
            )
            .await
    }

    /// The datasets in which somebody has a role by a team of an organisation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn datasets_by_team(
        &self,
        organisation: &PersonName,
        person: PersonId,
    ) -> Result<Vec<DatasetId>, StorageError> {
        let attempted = "list the roles";
        let ids: Vec<RecordId> = self
            .database
            .query(
                attempted,
                "{
                    LET $mine = (SELECT VALUE team FROM $teams);
                    RETURN (SELECT VALUE id FROM team_role WHERE organisation = $organisation AND team IN $mine)
                }",
                vars! {
                    organisation: organisation.as_str(),
                    teams: records::team_members_in(organisation, Some(person)),
                },
            )
            .await?;
        ids.iter().map(|id| records::Parts::of(id, attempted).dataset()).collect()
    }
}
