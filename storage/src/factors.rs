//! Second factors: what makes one-time passwords, and recovery codes for when that is lost.
//!
//! The secret stands here so that it can be read back, as the same password is made from it on this side; recovery codes are
//! stored as hashes. It is a table of its own, so that nothing which reads accounts carries a secret along.

use surrealdb::types::{SurrealValue, Value, object, vars};
use versioning::Hash;

use crate::{PersonId, StorageError, Store, records};

/// A person's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// What one-time passwords are made from, in base 32.
    pub secret: String,
    /// Since when it is asked for, in µs since 1970 UTC; none: it was begun, and nobody has shown yet that they have it.
    pub confirmed_at: Option<i64>,
    /// The time step of the last password that was taken.
    pub last_step: i64,
    /// The hashes of the recovery codes that were not used yet.
    pub codes: Vec<Hash>,
}

#[derive(SurrealValue)]
struct FactorRow {
    secret: String,
    confirmed_at: Option<i64>,
    last_step: i64,
    codes: Vec<String>,
}

impl Store {
    /// A person's second factor, confirmed or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn second_factor(&self, person: PersonId) -> Result<Option<SecondFactor>, StorageError> {
        let attempted = "read the second factor";
        let variables = vars! { id: records::second_factor(person) };
        let row: Option<FactorRow> = self
            .database
            .query(attempted, "SELECT secret, confirmed_at, last_step, codes FROM ONLY $id", variables)
            .await?;
        let factor = |row: FactorRow| {
            Ok(SecondFactor {
                secret: row.secret,
                confirmed_at: row.confirmed_at,
                last_step: row.last_step,
                codes: row.codes.iter().map(|code| records::parse_hash(code, attempted)).collect::<Result<_, _>>()?,
            })
        };
        row.map(factor).transpose()
    }

    /// Keeps the secret of a second factor that is to be confirmed, in place of another such; not, and `false`, where one is
    /// confirmed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_second_factor(&self, person: PersonId, secret: &str) -> Result<bool, StorageError> {
        let content = object! { secret: secret, last_step: 0_i64, codes: Vec::<String>::new() };
        let statement = "{
            IF $id.confirmed_at != NONE { RETURN false };
            UPSERT $id CONTENT $content RETURN NONE;
            RETURN true
        }";
        let variables = vars! { id: records::second_factor(person), content: Value::Object(content) };
        self.database.query("begin the second factor", statement, variables).await
    }

    /// From this time on the second factor with this secret is asked for; not, and `false`, where there is none that waits
    /// for it. `step`: of the password that confirmed it; `codes`: the hashes of its recovery codes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn confirm_second_factor(
        &self,
        person: PersonId,
        secret: &str,
        at: i64,
        step: i64,
        codes: &[Hash],
    ) -> Result<bool, StorageError> {
        let statement = "{
            IF $id.secret != $secret OR $id.confirmed_at != NONE { RETURN false };
            UPDATE $id SET confirmed_at = $at, last_step = $step, codes = $codes RETURN NONE;
            RETURN true
        }";
        let variables = vars! {
            id: records::second_factor(person),
            secret: secret,
            at: at,
            step: step,
            codes: codes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        self.database.query("confirm the second factor", statement, variables).await
    }

    /// Takes the password of a time step; not, and `false`, where that or a later one was taken before.
    ///
    /// # Errors
    /// The database failed.
    pub async fn use_step(&self, person: PersonId, step: i64) -> Result<bool, StorageError> {
        let statement = "{
            IF $id.confirmed_at = NONE OR $id.last_step >= $step { RETURN false };
            UPDATE $id SET last_step = $step RETURN NONE;
            RETURN true
        }";
        let variables = vars! { id: records::second_factor(person), step: step };
        self.database.query("take the one-time password", statement, variables).await
    }

    /// Takes a recovery code, which is used up by it; whether there was one with this hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn use_recovery_code(&self, person: PersonId, code: Hash) -> Result<bool, StorageError> {
        let statement = "{
            IF $id.confirmed_at = NONE OR !($code IN $id.codes) { RETURN false };
            UPDATE $id SET codes = array::complement($id.codes, [$code]) RETURN NONE;
            RETURN true
        }";
        let variables = vars! { id: records::second_factor(person), code: code.to_string() };
        self.database.query("take the recovery code", statement, variables).await
    }

    /// Forgets a person's second factor; whether there was one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_second_factor(&self, person: PersonId) -> Result<bool, StorageError> {
        let statement = "{ LET $found = record::exists($id); DELETE $id; RETURN $found }";
        let variables = vars! { id: records::second_factor(person) };
        self.database.query("forget the second factor", statement, variables).await
    }
}
