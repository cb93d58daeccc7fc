//! `anabranch serve`: puts the parts together, serves until it is told to stop, and stops in order.

use std::{io::IsTerminal, net::SocketAddr, time::Duration};

use hub::{Hub, Setup};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use services::{Limits, Supervisor};
use storage::{Config, Store};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    assets,
    cli::{Failure, ServeOptions, addresses},
    connections::{self, Bounds},
    rate::Rate,
    router::router,
    sample,
    state::AppState,
};

/// Streams have hung on runtimes with a single worker, so a small machine gets four as well.
const WORKERS: usize = 4;

pub(crate) fn run(options: ServeOptions) -> Result<(), Failure> {
    let filter = EnvFilter::try_from_env("ANABRANCH_LOG").unwrap_or_else(|_| EnvFilter::new("warn,anabranch=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let workers = std::thread::available_parallelism().map_or(WORKERS, |cores| cores.get().max(WORKERS));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .map_err(|error| Failure::because("no runtime", error))?;
    runtime.block_on(serve(options))
}

/// Lets the server have as many files and connections open as its surroundings allow: by default programs get few, for the
/// sake of old ones.
fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, "the number of open files stays limited");
    }
}

async fn serve(options: ServeOptions) -> Result<(), Failure> {
    allow_files();
    let addresses = addresses(&options.addr, options.public_url.is_some())?;
    let mail = options.outside.mail()?;
    // What is not given rightly is told before anything is begun.
    options.outside.provider("")?;
    let site = assets::site_files()
        .ok_or_else(|| Failure::new("this program was built without its pages: build it with `cargo xtask build`"))?;
    let exe = std::env::current_exe().map_err(|error| Failure::because("this program can't find itself", error))?;
    let listener = bind(&options.addr, &addresses).await?;
    let first_run = !options.data.exists();
    std::fs::create_dir_all(&options.data)
        .map_err(|error| Failure::because(format!("can't make {}", options.data.display()), error))?;
    let day = Duration::from_secs(24 * 3600);
    let config = Config { keep_unreachable: day * options.keep_deleted.into(), ..Config::new(&options.data) };
    let store = Store::open(config).await.map_err(|error| Failure::because("can't open the data", error))?;
    let supervisor = Supervisor::new(exe, Limits::default());
    let address = options.public_url.as_ref().map(ToString::to_string);
    let here = listener.local_addr().map_err(|error| Failure::because("no address to listen on", error))?;
    let reached = address.clone().unwrap_or_else(|| format!("http://{here}"));
    let setup = Setup { mail, address, provider: options.outside.provider(&reached)? };
    let hub = Hub::open(store, supervisor, setup).await.map_err(|error| Failure::because("can't start", error))?;
    if first_run && !options.no_sample {
        // Without it everything works as well.
        if let Err(error) = sample::create(&hub).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the sample dataset could not be made");
        }
    }
    let maintenance = hub.clone();
    let search = maintenance.clone();
    tokio::spawn(async move { maintenance.maintain().await });
    tokio::spawn(async move { search.keep_searchable().await });
    let stopping = CancellationToken::new();
    let public = options.public_url;
    let rate = Rate::new(options.rate_limit);
    let app = router(AppState { hub: hub.clone(), site, public, rate, stopping: stopping.clone() });
    // On standard output and at once: programs that start the server wait for this line.
    println!("Anabranch is at http://{here} (data in {})", options.data.display());
    match hub.set_up_code() {
        Some(code) => println!("Accounts: none yet. Make the first one at {reached}/set-up?code={code}"),
        None => println!("Accounts: sign in at {reached}/sign-in"),
    }
    let stop = stopping.clone();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping");
        stop.cancel();
    });
    connections::serve(listener, app, Bounds::default(), stopping).await;
    hub.close().await.map_err(|error| Failure::because("the store could not be closed", error))
}

async fn bind(text: &str, addresses: &[SocketAddr]) -> Result<TcpListener, Failure> {
    TcpListener::bind(addresses).await.map_err(|error| Failure::because(format!("can't listen on {text}"), error))
}

/// Ends on SIGINT (Ctrl+C) and SIGTERM (service managers).
async fn stop_signal() {
    let terminated = async {
        match tokio::signal::unix::signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM can't be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => {
            if let Err(error) = result {
                tracing::warn!(%error, "SIGINT can't be heard");
                std::future::pending::<()>().await;
            }
        }
        () = terminated => {}
    }
}
