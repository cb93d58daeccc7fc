//! The schema of the database, as numbered steps that are applied once each.

use surrealdb::{
    Surreal,
    engine::local::Db,
    types::{NotFoundError, RecordId, SurrealValue, Value, vars},
};

use crate::runtime::execute;

/// A step; its number is its place in [`MIGRATIONS`], from 1. A step that has been released never changes.
struct Migration {
    name: &'static str,
    /// Statements that can be applied again without harm.
    statements: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    FIRST,
    RECLAIMING,
    FORKS,
    PEOPLE,
    REQUESTS,
    LINKS,
    AUDIT,
    DELETION,
    STATUSES,
    NOTICES,
    ORGANISATIONS,
    MOVES,
    MAIL,
    SECOND_FACTORS,
    FORMER_NAMES,
    IDENTITIES,
    MAILED,
    ANSWERS,
    INVITATIONS,
];

const FIRST: Migration = Migration {
    name: "chunks, datasets, refs, commits, drafts, jobs",
    statements: "
        DEFINE TABLE IF NOT EXISTS migration SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS name ON migration TYPE string;

        -- Schemaless: written by the hundred, and always by one statement.
        DEFINE TABLE IF NOT EXISTS chunk SCHEMALESS;
        DEFINE TABLE IF NOT EXISTS chunk_batch SCHEMALESS;

        DEFINE TABLE IF NOT EXISTS dataset SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS owner ON dataset TYPE string;
        DEFINE FIELD IF NOT EXISTS name ON dataset TYPE string;
        DEFINE FIELD IF NOT EXISTS title ON dataset TYPE string;
        DEFINE FIELD IF NOT EXISTS description ON dataset TYPE string;
        DEFINE FIELD IF NOT EXISTS default_branch ON dataset TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON dataset TYPE int;
        DEFINE FIELD IF NOT EXISTS updated_at ON dataset TYPE int;
        DEFINE INDEX IF NOT EXISTS dataset_name ON dataset FIELDS owner, name UNIQUE;

        DEFINE TABLE IF NOT EXISTS dataset_ref SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS head ON dataset_ref TYPE string;

        DEFINE TABLE IF NOT EXISTS dataset_commit SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS parents ON dataset_commit TYPE array<string>;
        DEFINE FIELD IF NOT EXISTS at ON dataset_commit TYPE int;

        DEFINE TABLE IF NOT EXISTS draft SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON draft TYPE string;
        DEFINE FIELD IF NOT EXISTS base ON draft TYPE string;
        DEFINE FIELD IF NOT EXISTS revision ON draft TYPE int;
        DEFINE FIELD IF NOT EXISTS updated_at ON draft TYPE int;
        DEFINE INDEX IF NOT EXISTS draft_person ON draft FIELDS person;

        -- Schemaless: one per edited row, written on every keystroke that ends a cell.
        DEFINE TABLE IF NOT EXISTS draft_row SCHEMALESS;

        DEFINE TABLE IF NOT EXISTS job SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS kind ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS dataset ON job TYPE option<uuid>;
        DEFINE FIELD IF NOT EXISTS person ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS state ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS request ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS progress ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS result ON job TYPE string;
        DEFINE FIELD IF NOT EXISTS error ON job TYPE option<string>;
        DEFINE FIELD IF NOT EXISTS created_at ON job TYPE int;
        DEFINE FIELD IF NOT EXISTS updated_at ON job TYPE int;
        DEFINE INDEX IF NOT EXISTS job_state ON job FIELDS state;
        DEFINE INDEX IF NOT EXISTS job_dataset ON job FIELDS dataset;
    ",
};

const RECLAIMING: Migration = Migration {
    name: "since when commits are unreachable, and the last run of reclaiming",
    statements: "
        DEFINE TABLE IF NOT EXISTS unreachable_commit SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS since ON unreachable_commit TYPE int;

        DEFINE TABLE IF NOT EXISTS maintenance SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS record ON maintenance TYPE string;
    ",
};

const FORKS: Migration = Migration {
    name: "what a dataset was forked from",
    statements: "
        DEFINE FIELD IF NOT EXISTS origin ON dataset TYPE option<uuid>;
        DEFINE FIELD IF NOT EXISTS lineage ON dataset TYPE option<array<uuid>>;
        DEFINE FIELD IF NOT EXISTS lineage_until ON dataset TYPE option<array<int>>;
        DEFINE INDEX IF NOT EXISTS dataset_origin ON dataset FIELDS origin;
    ",
};

const PEOPLE: Migration = Migration {
    name: "accounts, sessions, tokens, roles",
    statements: "
        DEFINE TABLE IF NOT EXISTS person SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS name ON person TYPE string;
        DEFINE FIELD IF NOT EXISTS display ON person TYPE string;
        DEFINE FIELD IF NOT EXISTS password ON person TYPE option<string>;
        DEFINE FIELD IF NOT EXISTS is_admin ON person TYPE bool;
        DEFINE FIELD IF NOT EXISTS created_at ON person TYPE int;
        DEFINE INDEX IF NOT EXISTS person_name ON person FIELDS name UNIQUE;

        DEFINE TABLE IF NOT EXISTS session SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON session TYPE uuid;
        DEFINE FIELD IF NOT EXISTS created_at ON session TYPE int;
        DEFINE FIELD IF NOT EXISTS seen_at ON session TYPE int;
        DEFINE FIELD IF NOT EXISTS expires_at ON session TYPE int;
        DEFINE FIELD IF NOT EXISTS agent ON session TYPE string;
        DEFINE FIELD IF NOT EXISTS address ON session TYPE string;
        DEFINE INDEX IF NOT EXISTS session_person ON session FIELDS person;

        DEFINE TABLE IF NOT EXISTS token SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS token ON token TYPE string;
        DEFINE FIELD IF NOT EXISTS person ON token TYPE uuid;
        DEFINE FIELD IF NOT EXISTS name ON token TYPE string;
        DEFINE FIELD IF NOT EXISTS scope ON token TYPE string;
        DEFINE FIELD IF NOT EXISTS dataset ON token TYPE option<uuid>;
        DEFINE FIELD IF NOT EXISTS created_at ON token TYPE int;
        DEFINE FIELD IF NOT EXISTS expires_at ON token TYPE option<int>;
        DEFINE FIELD IF NOT EXISTS seen_at ON token TYPE option<int>;
        DEFINE INDEX IF NOT EXISTS token_token ON token FIELDS token UNIQUE;
        DEFINE INDEX IF NOT EXISTS token_person ON token FIELDS person;

        DEFINE TABLE IF NOT EXISTS role SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON role TYPE uuid;
        DEFINE FIELD IF NOT EXISTS role ON role TYPE string;
        DEFINE INDEX IF NOT EXISTS role_person ON role FIELDS person;

        DEFINE FIELD IF NOT EXISTS visibility ON dataset TYPE option<string>;
    ",
};

const REQUESTS: Migration = Migration {
    name: "merge requests",
    statements: "
        DEFINE TABLE IF NOT EXISTS merge_request SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS author ON merge_request TYPE string;
        DEFINE FIELD IF NOT EXISTS state ON merge_request TYPE string;
        DEFINE FIELD IF NOT EXISTS source ON merge_request TYPE uuid;
        DEFINE FIELD IF NOT EXISTS source_branch ON merge_request TYPE string;
        DEFINE FIELD IF NOT EXISTS target_branch ON merge_request TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON merge_request TYPE int;
        DEFINE FIELD IF NOT EXISTS updated_at ON merge_request TYPE int;
        DEFINE FIELD IF NOT EXISTS revision ON merge_request TYPE int;
        DEFINE FIELD IF NOT EXISTS data ON merge_request TYPE string;

        DEFINE TABLE IF NOT EXISTS request_entry SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS author ON request_entry TYPE string;
        DEFINE FIELD IF NOT EXISTS at ON request_entry TYPE int;
        DEFINE FIELD IF NOT EXISTS data ON request_entry TYPE string;

        DEFINE TABLE IF NOT EXISTS request_decision SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS author ON request_decision TYPE string;
        DEFINE FIELD IF NOT EXISTS at ON request_decision TYPE int;
        DEFINE FIELD IF NOT EXISTS data ON request_decision TYPE string;

        DEFINE FIELD IF NOT EXISTS protection ON dataset TYPE option<string>;
    ",
};

const LINKS: Migration = Migration {
    name: "links that can be used once, settings, blocked accounts",
    statements: "
        DEFINE TABLE IF NOT EXISTS link SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS kind ON link TYPE string;
        DEFINE FIELD IF NOT EXISTS person ON link TYPE option<uuid>;
        DEFINE FIELD IF NOT EXISTS note ON link TYPE string;
        DEFINE FIELD IF NOT EXISTS made_by ON link TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON link TYPE int;
        DEFINE FIELD IF NOT EXISTS expires_at ON link TYPE int;

        DEFINE TABLE IF NOT EXISTS setting SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS value ON setting TYPE string;

        DEFINE FIELD IF NOT EXISTS blocked_at ON person TYPE option<int>;
    ",
};

const AUDIT: Migration = Migration {
    name: "the audit log",
    statements: "
        DEFINE TABLE IF NOT EXISTS audit SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON audit TYPE string;
        DEFINE FIELD IF NOT EXISTS address ON audit TYPE string;
        DEFINE FIELD IF NOT EXISTS kind ON audit TYPE string;
        DEFINE FIELD IF NOT EXISTS dataset ON audit TYPE option<uuid>;
        DEFINE FIELD IF NOT EXISTS place ON audit TYPE string;
        DEFINE FIELD IF NOT EXISTS what ON audit TYPE string;
        DEFINE EVENT IF NOT EXISTS audit_stays ON audit WHEN $event != 'CREATE'
            THEN { THROW 'the audit log only grows' };
    ",
};

const DELETION: Migration = Migration {
    name: "deleted datasets that can be brought back",
    statements: "DEFINE FIELD IF NOT EXISTS deleted_at ON dataset TYPE option<int>;",
};

const STATUSES: Migration = Migration {
    name: "what other systems found about commits",
    statements: "
        DEFINE TABLE IF NOT EXISTS commit_status SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS state ON commit_status TYPE string;
        DEFINE FIELD IF NOT EXISTS description ON commit_status TYPE string;
        DEFINE FIELD IF NOT EXISTS url ON commit_status TYPE option<string>;
        DEFINE FIELD IF NOT EXISTS author ON commit_status TYPE string;
        DEFINE FIELD IF NOT EXISTS at ON commit_status TYPE int;
    ",
};

const NOTICES: Migration = Migration {
    name: "what people are told, and what they want to be told of",
    statements: "
        DEFINE TABLE IF NOT EXISTS watch SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON watch TYPE uuid;
        DEFINE FIELD IF NOT EXISTS level ON watch TYPE string;

        DEFINE TABLE IF NOT EXISTS notice SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON notice TYPE uuid;
        DEFINE FIELD IF NOT EXISTS reason ON notice TYPE int;
        DEFINE FIELD IF NOT EXISTS author ON notice TYPE string;
        DEFINE FIELD IF NOT EXISTS what ON notice TYPE string;
        DEFINE FIELD IF NOT EXISTS title ON notice TYPE string;
        DEFINE FIELD IF NOT EXISTS text ON notice TYPE string;
        DEFINE FIELD IF NOT EXISTS at ON notice TYPE int;
        DEFINE FIELD IF NOT EXISTS times ON notice TYPE int;
        DEFINE FIELD IF NOT EXISTS unread ON notice TYPE bool;
        DEFINE INDEX IF NOT EXISTS notice_person ON notice FIELDS person;
    ",
};

const ORGANISATIONS: Migration = Migration {
    name: "organisations, their members and teams, what people say of themselves",
    statements: "
        DEFINE TABLE IF NOT EXISTS organisation SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS display ON organisation TYPE string;
        DEFINE FIELD IF NOT EXISTS description ON organisation TYPE string;
        DEFINE FIELD IF NOT EXISTS base ON organisation TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON organisation TYPE int;

        DEFINE TABLE IF NOT EXISTS membership SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS organisation ON membership TYPE record<organisation>;
        DEFINE FIELD IF NOT EXISTS person ON membership TYPE uuid;
        DEFINE FIELD IF NOT EXISTS role ON membership TYPE string;
        DEFINE INDEX IF NOT EXISTS membership_person ON membership FIELDS person;

        DEFINE TABLE IF NOT EXISTS team SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS name ON team TYPE string;

        DEFINE TABLE IF NOT EXISTS team_member SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS person ON team_member TYPE uuid;
        DEFINE FIELD IF NOT EXISTS team ON team_member TYPE string;

        DEFINE TABLE IF NOT EXISTS team_role SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS organisation ON team_role TYPE string;
        DEFINE FIELD IF NOT EXISTS team ON team_role TYPE string;
        DEFINE FIELD IF NOT EXISTS role ON team_role TYPE string;
        DEFINE INDEX IF NOT EXISTS team_role_team ON team_role FIELDS organisation, team;

        DEFINE FIELD IF NOT EXISTS about ON person TYPE option<string>;
    ",
};

const MOVES: Migration = Migration {
    name: "archived datasets, offers of datasets, and where they were before",
    statements: "
        DEFINE FIELD IF NOT EXISTS archived_at ON dataset TYPE option<int>;

        DEFINE TABLE IF NOT EXISTS moved SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS owner ON moved TYPE string;
        DEFINE FIELD IF NOT EXISTS name ON moved TYPE string;
        DEFINE FIELD IF NOT EXISTS dataset ON moved TYPE uuid;
        DEFINE INDEX IF NOT EXISTS moved_from ON moved FIELDS owner, name UNIQUE;
        DEFINE INDEX IF NOT EXISTS moved_dataset ON moved FIELDS dataset;

        DEFINE TABLE IF NOT EXISTS offer SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS dataset ON offer TYPE uuid;
        DEFINE FIELD IF NOT EXISTS person ON offer TYPE uuid;
        DEFINE FIELD IF NOT EXISTS made_by ON offer TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON offer TYPE int;
        DEFINE INDEX IF NOT EXISTS offer_person ON offer FIELDS person;
    ",
};

const MAIL: Migration = Migration {
    name: "where mail reaches people",
    statements: "
        DEFINE FIELD IF NOT EXISTS email ON person TYPE option<string>;
        DEFINE INDEX IF NOT EXISTS person_email ON person FIELDS email;
    ",
};

const SECOND_FACTORS: Migration = Migration {
    name: "second factors",
    statements: "
        DEFINE TABLE IF NOT EXISTS second_factor SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS secret ON second_factor TYPE string;
        DEFINE FIELD IF NOT EXISTS confirmed_at ON second_factor TYPE option<int>;
        DEFINE FIELD IF NOT EXISTS last_step ON second_factor TYPE int;
        DEFINE FIELD IF NOT EXISTS codes ON second_factor TYPE array<string>;
    ",
};

const FORMER_NAMES: Migration = Migration {
    name: "names of accounts that were deleted",
    statements: "
        DEFINE TABLE IF NOT EXISTS former_name SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS at ON former_name TYPE int;
    ",
};

const IDENTITIES: Migration = Migration {
    name: "who people are at providers of identities",
    statements: "
        DEFINE TABLE IF NOT EXISTS identity SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS issuer ON identity TYPE string;
        DEFINE FIELD IF NOT EXISTS subject ON identity TYPE string;
        DEFINE FIELD IF NOT EXISTS person ON identity TYPE uuid;
        DEFINE FIELD IF NOT EXISTS label ON identity TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON identity TYPE int;
        DEFINE INDEX IF NOT EXISTS identity_person ON identity FIELDS person;
    ",
};

const MAILED: Migration = Migration {
    name: "which notices people get by mail",
    statements: "DEFINE FIELD IF NOT EXISTS mailed ON person TYPE option<string>;",
};

const ANSWERS: Migration = Migration {
    name: "what requests were answered that may be sent again",
    statements: "
        DEFINE TABLE IF NOT EXISTS answer SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS request ON answer TYPE string;
        DEFINE FIELD IF NOT EXISTS at ON answer TYPE int;
        DEFINE FIELD IF NOT EXISTS answer ON answer TYPE option<string>;
        DEFINE INDEX IF NOT EXISTS answer_at ON answer FIELDS at;
    ",
};

const INVITATIONS: Migration = Migration {
    name: "invitations to organisations, and notices by whether they were read",
    statements: "
        DEFINE TABLE IF NOT EXISTS invitation SCHEMAFULL;
        DEFINE FIELD IF NOT EXISTS organisation ON invitation TYPE string;
        DEFINE FIELD IF NOT EXISTS person ON invitation TYPE uuid;
        DEFINE FIELD IF NOT EXISTS role ON invitation TYPE string;
        DEFINE FIELD IF NOT EXISTS made_by ON invitation TYPE string;
        DEFINE FIELD IF NOT EXISTS created_at ON invitation TYPE int;
        DEFINE INDEX IF NOT EXISTS invitation_person ON invitation FIELDS person;

        DEFINE INDEX IF NOT EXISTS notice_unread ON notice FIELDS person, unread;
    ",
};

/// The number of the last step that this program knows.
pub(crate) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("far fewer than 2³² steps")
}

/// The number of the last step that was applied; 0 for a new database.
pub(crate) async fn applied(surreal: &Surreal<Db>) -> Result<u32, surrealdb::Error> {
    match execute(surreal, "SELECT VALUE record::id(id) FROM migration", vars! {}).await {
        Ok(value) => Ok(Vec::<u32>::from_value(value)?.into_iter().max().unwrap_or(0)),
        Err(error) if matches!(error.not_found_details(), Some(NotFoundError::Table { .. })) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Applies the steps after `applied`, each with its record, so that a crash in between repeats at most one.
pub(crate) async fn apply(surreal: &Surreal<Db>, applied: u32) -> Result<(), surrealdb::Error> {
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(applied as usize) {
        tracing::info!(number, name = migration.name, "applying a migration");
        surreal.query(migration.statements).await?.check()?;
        let done = vars! { id: RecordId::new("migration", number), name: migration.name };
        let _: Value = execute(surreal, "UPSERT $id SET name = $name", done).await?;
    }
    Ok(())
}
