//! The command line. Everything but `serve` and `verify` talks to a running server through its REST API.
//!
//! It ends with 0 where all went well, 1 where something failed, 2 where it was not called rightly, and 3 where a merge
//! has something left to decide.

mod client;
pub(crate) mod export;
pub(crate) mod fork;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod merge;
pub(crate) mod outside;
pub(crate) mod reclaim;
pub(crate) mod refs;
mod text;
pub(crate) mod verify;

use std::{error::Error, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand};

use crate::public::PublicUrl;

/// Structured data that people branch, edit, diff and merge in the browser.
#[derive(Parser)]
#[command(name = "anabranch", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the web application and the API.
    Serve(Box<ServeOptions>),
    /// Import a CSV file into a table.
    Import(ImportOptions),
    /// Export all rows of a table.
    Export(ExportOptions),
    /// List the commits of a branch, tag or commit.
    Log(LogOptions),
    /// Show what differs between two states.
    Diff(DiffOptions),
    /// List, create and delete branches.
    #[command(subcommand)]
    Branch(RefCommand),
    /// List, create and delete tags.
    #[command(subcommand)]
    Tag(RefCommand),
    /// Make a dataset that begins as another one is.
    Fork {
        /// What is forked.
        #[arg(value_name = "OWNER/DATASET")]
        dataset: OwnerDataset,
        /// The fork's name; the origin's without it.
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Merge a branch, tag or commit into a branch.
    Merge(MergeOptions),
    /// Undo what a commit did, on a branch.
    Revert(RevertOptions),
    /// Show which commit each cell of a row comes from.
    Blame(BlameOptions),
    /// Delete what no branch, tag or draft leads to any more. The server does so by itself; this does it now.
    Reclaim {
        #[command(flatten)]
        connection: Connection,
    },
    /// Check every ref, commit and chunk of a data directory. The server must not run.
    Verify {
        /// The data directory.
        #[arg(long, env = "ANABRANCH_DATA", default_value_os_t = default_data())]
        data: PathBuf,
    },
    /// Run as a service process; the server does this.
    #[command(hide = true)]
    Service {
        /// Which service.
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// Where to listen. Addresses that other machines reach take --public-url as well.
    #[arg(long, env = "ANABRANCH_ADDR", default_value = "127.0.0.1:3000", value_name = "HOST:PORT")]
    pub(crate) addr: String,
    /// Where people on other machines reach this server: through a proxy that speaks TLS and passes on the name. From then
    /// on nobody sees anything without an account.
    #[arg(long, env = "ANABRANCH_PUBLIC_URL", value_name = "https://NAME")]
    pub(crate) public_url: Option<PublicUrl>,
    /// Where the data is kept.
    #[arg(long, env = "ANABRANCH_DATA", default_value_os_t = default_data(), value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Do not create the sample dataset on the first run.
    #[arg(long)]
    pub(crate) no_sample: bool,
    /// For how many days what was on a deleted branch can be brought back by the hash of its commit, before its space is
    /// reclaimed.
    #[arg(long, env = "ANABRANCH_KEEP_DELETED", default_value_t = 14, value_name = "DAYS")]
    pub(crate) keep_deleted: u16,
    /// How many requests a second one address may make for long, and ten times as many at once; 0 for any number. It holds
    /// together with --public-url.
    #[arg(long, env = "ANABRANCH_RATE_LIMIT", default_value_t = 100, value_name = "REQUESTS")]
    pub(crate) rate_limit: u32,
    #[command(flatten)]
    pub(crate) outside: outside::Options,
}

/// Which server.
#[derive(Args)]
pub(crate) struct Connection {
    /// The server.
    #[arg(long, env = "ANABRANCH_URL", default_value = "http://127.0.0.1:3000")]
    pub(crate) url: String,
    /// The token to act with, made on your account's page. Better kept in the variable than on the command line, where
    /// others on this machine see it.
    #[arg(long, env = "ANABRANCH_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Answer in JSON, as the API does.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A dataset's address.
#[derive(Clone)]
pub(crate) struct OwnerDataset {
    pub(crate) owner: String,
    pub(crate) name: String,
}

impl FromStr for OwnerDataset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/').filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
        {
            Some((owner, name)) => Ok(Self { owner: owner.to_owned(), name: name.to_owned() }),
            None => Err("write it as OWNER/DATASET".to_owned()),
        }
    }
}

impl fmt::Display for OwnerDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[derive(Args)]
pub(crate) struct ImportOptions {
    /// The CSV file.
    pub(crate) file: PathBuf,
    /// The dataset; created where it is missing.
    #[arg(long, value_name = "OWNER/DATASET")]
    pub(crate) into: OwnerDataset,
    /// The table; created where it is missing.
    #[arg(long)]
    pub(crate) table: String,
    /// The branch; the default branch without it.
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// What to do with a table that exists.
    #[arg(long, value_enum, default_value = "create")]
    pub(crate) mode: Mode,
    /// The primary key. Without it: the table's, else the first column that is unique and complete, else a generated one.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) key: Vec<String>,
    /// The commit's message.
    #[arg(long, default_value = "")]
    pub(crate) message: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Mode {
    /// The table must not exist.
    Create,
    /// The file is the table's new state: one commit with the difference.
    Replace,
    /// The file's rows are added; none of their keys may be there.
    Append,
    /// The file's rows are added, or change those that have their keys.
    Upsert,
}

impl Mode {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Upsert => "upsert",
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Written {
    /// RFC 4180: null is an empty field, the empty text a quoted one.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Written {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

#[derive(Args)]
pub(crate) struct ExportOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// The table.
    pub(crate) table: String,
    /// The file to write; standard output without it.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How rows are written.
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: Written,
    /// A branch, tag or commit; the default branch without it.
    #[arg(long = "ref")]
    pub(crate) reference: Option<String>,
    /// What it held then.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Only rows that satisfy this, such as 'price < 10 and city = "Oslo"'.
    #[arg(long)]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) server: Connection,
}

#[derive(Args)]
pub(crate) struct LogOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// A branch, tag or commit; the default branch without it.
    #[arg(long = "ref")]
    pub(crate) reference: Option<String>,
    /// Only commits that changed this table.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct DiffOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// The state before: a branch, tag or commit.
    pub(crate) from: String,
    /// The state after; the default branch without it.
    pub(crate) to: Option<String>,
    /// Only this table.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// Show what merging the second state into the first would bring.
    #[arg(long)]
    pub(crate) merge_base: bool,
    /// How many rows.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    /// Count, without the rows.
    #[arg(long)]
    pub(crate) summary: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Subcommand)]
pub(crate) enum RefCommand {
    /// List them.
    List {
        /// The dataset.
        #[arg(value_name = "OWNER/DATASET")]
        dataset: OwnerDataset,
        #[command(flatten)]
        connection: Connection,
    },
    /// Make one.
    Create {
        /// The dataset.
        #[arg(value_name = "OWNER/DATASET")]
        dataset: OwnerDataset,
        /// Its name.
        name: String,
        /// Where it begins: a branch, tag or commit; the default branch without it.
        #[arg(long)]
        from: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Delete one.
    Delete {
        /// The dataset.
        #[arg(value_name = "OWNER/DATASET")]
        dataset: OwnerDataset,
        /// Its name.
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
}

/// One decision for all conflicts.
#[derive(Args)]
pub(crate) struct Decide {
    /// In all conflicts, keep what the branch has that is merged into.
    #[arg(long, conflicts_with = "theirs")]
    pub(crate) ours: bool,
    /// In all conflicts, take what is merged.
    #[arg(long)]
    pub(crate) theirs: bool,
}

#[derive(Args)]
pub(crate) struct MergeOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// What is merged: a branch, tag or commit.
    pub(crate) from: String,
    /// The branch that gets it; the default branch without it.
    #[arg(long)]
    pub(crate) into: Option<String>,
    /// The commit's message.
    #[arg(long, default_value = "")]
    pub(crate) message: String,
    /// Only show what would happen.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make a commit also where the branch could simply move forward.
    #[arg(long)]
    pub(crate) no_fast_forward: bool,
    #[command(flatten)]
    pub(crate) decide: Decide,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct RevertOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// The commit that is undone, by its hash or its first digits.
    pub(crate) commit: String,
    /// The branch; the default branch without it.
    #[arg(long)]
    pub(crate) into: Option<String>,
    /// The new commit's message.
    #[arg(long, default_value = "")]
    pub(crate) message: String,
    /// Only show what would happen.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) decide: Decide,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct BlameOptions {
    /// The dataset.
    #[arg(value_name = "OWNER/DATASET")]
    pub(crate) dataset: OwnerDataset,
    /// The table.
    pub(crate) table: String,
    /// The row's key.
    pub(crate) key: String,
    /// A branch, tag or commit; the default branch without it.
    #[arg(long = "ref")]
    pub(crate) reference: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Where data goes by the XDG base directory specification.
fn default_data() -> PathBuf {
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    base.map_or_else(|| PathBuf::from("anabranch-data"), |base| base.join("anabranch"))
}

/// Why a command could not be carried out: what was tried, and the causes behind it.
#[derive(Debug)]
pub(crate) struct Failure {
    tried: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
    code: u8,
}

/// The program's end where something failed.
const FAILED: u8 = 1;
/// The program's end where a merge has something left to decide.
const CONFLICTS: u8 = 3;

impl Failure {
    pub(crate) fn new(tried: impl Into<String>) -> Self {
        Self { tried: tried.into(), cause: None, code: FAILED }
    }

    pub(crate) fn because(tried: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { tried: tried.into(), cause: Some(cause.into()), code: FAILED }
    }

    fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// What the program ends with.
    pub(crate) const fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tried)?;
        let mut cause: Option<&dyn Error> = self.cause.as_deref().map(|cause| cause as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The addresses that the text names: where nobody else is meant to reach the server, of this machine only.
pub(crate) fn addresses(addr: &str, is_public: bool) -> Result<Vec<SocketAddr>, Failure> {
    let found: Vec<SocketAddr> = std::net::ToSocketAddrs::to_socket_addrs(addr)
        .map_err(|error| Failure::because(format!("“{addr}” is no address to listen on"), error))?
        .collect();
    if found.is_empty() {
        return Err(Failure::new(format!("“{addr}” is no address to listen on")));
    }
    if !is_public && !found.iter().all(|addr| addr.ip().is_loopback()) {
        return Err(Failure::new(format!(
            "“{addr}” can be reached from other machines, where passwords and data would go unencrypted: listen on \
             127.0.0.1, [::1] or localhost, or put a proxy that speaks TLS in front and say with --public-url \
             https://NAME where people find it"
        )));
    }
    Ok(found)
}
