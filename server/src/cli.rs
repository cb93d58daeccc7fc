//! The command line.

pub(crate) mod import;
pub(crate) mod verify;

use std::{error::Error, fmt, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

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
    Serve(ServeOptions),
    /// Import a CSV file into a table, through the running server.
    Import(ImportOptions),
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
    /// Where to listen. Only addresses of this machine: there are no accounts yet.
    #[arg(long, env = "ANABRANCH_ADDR", default_value = "127.0.0.1:3000", value_name = "HOST:PORT")]
    pub(crate) addr: String,
    /// Where the data is kept.
    #[arg(long, env = "ANABRANCH_DATA", default_value_os_t = default_data(), value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Do not create the sample dataset on the first run.
    #[arg(long)]
    pub(crate) no_sample: bool,
}

#[derive(Args)]
pub(crate) struct ImportOptions {
    /// The CSV file.
    pub(crate) file: PathBuf,
    /// The dataset; created where it is missing.
    #[arg(long, value_name = "OWNER/DATASET")]
    pub(crate) into: String,
    /// The table; created where it is missing.
    #[arg(long)]
    pub(crate) table: String,
    /// What to do with a table that exists.
    #[arg(long, value_enum, default_value = "create")]
    pub(crate) mode: Mode,
    /// The primary key. Without it: the first column that is unique and complete, else a generated one.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) key: Vec<String>,
    /// The commit's message.
    #[arg(long, default_value = "")]
    pub(crate) message: String,
    /// The server.
    #[arg(long, env = "ANABRANCH_URL", default_value = "http://127.0.0.1:3000")]
    pub(crate) url: String,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Mode {
    /// The table must not exist.
    Create,
    /// The file is the table's new state: one commit with the difference.
    Replace,
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
}

impl Failure {
    pub(crate) fn new(tried: impl Into<String>) -> Self {
        Self { tried: tried.into(), cause: None }
    }

    pub(crate) fn because(tried: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { tried: tried.into(), cause: Some(cause.into()) }
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

/// The addresses of this machine that the text names.
pub(crate) fn loopback(addr: &str) -> Result<Vec<SocketAddr>, Failure> {
    let found: Vec<SocketAddr> = std::net::ToSocketAddrs::to_socket_addrs(addr)
        .map_err(|error| Failure::because(format!("“{addr}” is no address to listen on"), error))?
        .collect();
    if found.is_empty() || !found.iter().all(|addr| addr.ip().is_loopback()) {
        return Err(Failure::new(format!(
            "“{addr}” can be reached from other machines, and there are no accounts yet: \
             listen on 127.0.0.1, [::1] or localhost"
        )));
    }
    Ok(found)
}
