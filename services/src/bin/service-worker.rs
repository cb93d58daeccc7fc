//! A worker without a server around it, for the tests of this crate: `service-worker service NAME` is what
//! `anabranch service NAME` is, `service-worker probe` tries out what the sandbox forbids, and `service-worker parent`
//! is a back end that waits for its worker for ever.

use std::{fs::File, net::TcpListener, process::ExitCode, time::Duration};

use services::{
    Limits, Supervisor,
    import::Progress,
    protocol::WorkerLimits,
    worker::{self, sandbox},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["service", name] => worker::run(name),
        ["probe"] => probe(),
        ["parent"] => parent(),
        _ => {
            eprintln!("usage: service-worker service NAME | probe | parent");
            ExitCode::FAILURE
        }
    }
}

/// Confines itself and says, line by line, what it can do nevertheless.
fn probe() -> ExitCode {
    let limits = WorkerLimits { memory: 1 << 30, cpu_time: Duration::from_secs(60) };
    let sandbox = match sandbox::confine(limits) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let say = |what: &str, is_possible: bool| println!("{what}: {}", if is_possible { "possible" } else { "refused" });
    println!("landlock: {}", sandbox.landlock);
    println!("seccomp: {}", sandbox.seccomp);
    say("allocate", Vec::<u8>::with_capacity(100 << 20).capacity() > 0);
    say("read a file", File::open("/etc/passwd").is_ok());
    say("write a file", File::create(std::env::temp_dir().join("service-worker-probe")).is_ok());
    say("open a socket", TcpListener::bind("127.0.0.1:0").is_ok());
    say("start a program", std::process::Command::new("/bin/true").status().is_ok());
    say("start a thread", std::thread::Builder::new().spawn(|| ()).is_ok());
    ExitCode::SUCCESS
}

/// Starts a worker, says its number, and gives it input that never comes.
fn parent() -> ExitCode {
    let Ok(exe) = std::env::current_exe() else { return ExitCode::FAILURE };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        let supervisor = Supervisor::new(exe, Limits::default());
        let (_open, input) = tokio::io::duplex(1);
        let say = async {
            loop {
                if let [process] = supervisor.processes().as_slice()
                    && process.sandbox.is_some()
                {
                    println!("{}", process.pid);
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let work = supervisor.inspect(input, watch::Sender::new(Progress::default()), CancellationToken::new());
        let (found, ()) = tokio::join!(work, say);
        if found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
}
