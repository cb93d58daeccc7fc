//! One piece of work: what goes to the process, what comes back, and how it ends.

use std::{collections::HashSet, io, pin::pin, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use versioning::Hash;

use super::{
    Limits,
    process::{Entry, Process},
};
use crate::{
    Exit, LimitKind, ServiceError,
    frames::{self, FrameError, HEADER, Header},
    import::Progress,
    protocol::{self, Hello, Reply, Request, from_worker, to_worker},
};

/// Bytes of input in a frame: some pipe buffers full, so that neither side waits for the other at every turn.
const INPUT_FRAME: usize = 256 << 10;
/// Bytes of a process's standard error that are kept.
const STDERR_KEPT: usize = 4 << 10;
/// How long a process that closed its output may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What is needed to talk to one process.
pub(super) struct Conversation {
    pub(super) service: &'static str,
    pub(super) limits: Limits,
    pub(super) entry: Entry,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) chunks: Option<mpsc::Sender<(Hash, Vec<u8>)>>,
    pub(super) cancel: CancellationToken,
}

/// What came of it.
pub(super) struct Received {
    pub(super) reply: Reply,
    /// The names of all chunks that were handed on.
    pub(super) chunks: HashSet<Hash>,
}

/// Why a conversation ended without a reply.
enum Ended {
    /// The process closed its output or broke off: its exit status tells more.
    Closed,
    /// Something else; the process may still run.
    Error(ServiceError),
}

impl From<ServiceError> for Ended {
    fn from(error: ServiceError) -> Self {
        Self::Error(error)
    }
}

impl Conversation {
    /// Holds the whole conversation. When this returns, the process is gone.
    pub(super) async fn hold(
        self,
        process: Process,
        request: &Request,
        input: impl AsyncRead + Send,
    ) -> Result<Received, ServiceError> {
        let pid = process.pid();
        let Process { mut child, stdin, stdout, stderr } = process;
        let talk = async {
            let ended = tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(ServiceError::Cancelled { service: self.service }.into()),
                () = sleep(self.limits.wall_time) => Err(self.limit(LimitKind::WallTime(self.limits.wall_time)).into()),
                received = self.listen(stdout) => received,
                error = self.feed(stdin, request, input) => Err(error.into()),
            };
            let exit = end(&mut child, matches!(ended, Err(Ended::Closed))).await;
            (ended, exit)
        };
        // The process's end closes its standard error, so both are done when it is gone.
        let ((ended, exit), stderr) = tokio::join!(talk, tail(stderr));
        if !stderr.is_empty() {
            tracing::warn!(service = self.service, pid, %stderr, "a service process wrote to its standard error");
        }
        match ended {
            Ok(received) => Ok(received),
            Err(Ended::Error(error)) => Err(error),
            Err(Ended::Closed) => Err(self.died(exit, stderr)),
        }
    }

    /// Sends the request and the input. Returns only where the input fails: a process that does not listen any more has
    /// something to say, or has died, and [`Conversation::listen`] learns which.
    async fn feed(&self, mut stdin: ChildStdin, request: &Request, input: impl AsyncRead + Send) -> ServiceError {
        let mut input = pin!(input);
        let sent = async {
            let request = serde_json::to_vec(request).map_err(io::Error::from)?;
            frames::write(&mut stdin, to_worker::REQUEST, &request).await?;
            let mut buffer = vec![0; HEADER + INPUT_FRAME];
            loop {
                let length = match fill(&mut input, &mut buffer[HEADER..]).await {
                    Ok(0) => break,
                    Ok(length) => length,
                    Err(source) => return Ok(Some(ServiceError::Input { service: self.service, source })),
                };
                buffer[..HEADER].copy_from_slice(&Header::new(to_worker::DATA, length)?.to_bytes());
                stdin.write_all(&buffer[..HEADER + length]).await?;
            }
            frames::write(&mut stdin, to_worker::END, &[]).await?;
            Ok::<_, FrameError>(None)
        };
        match sent.await {
            Ok(Some(error)) => error,
            Ok(None) | Err(FrameError::Torn | FrameError::Io(_)) => std::future::pending().await,
            Err(error @ FrameError::TooLarge { .. }) => self.protocol(error.to_string()),
        }
    }

    /// Reads what the process sends, until its reply.
    async fn listen(&self, stdout: ChildStdout) -> Result<Received, Ended> {
        let mut stdout = BufReader::with_capacity(64 << 10, stdout);
        let mut chunks = HashSet::new();
        let mut verifying: Option<Verifying> = None;
        loop {
            let frame = match frames::read(&mut stdout).await {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(FrameError::Torn | FrameError::Io(_)) => return Err(Ended::Closed),
                Err(error @ FrameError::TooLarge { .. }) => return Err(self.protocol(error.to_string()).into()),
            };
            match frame.kind {
                from_worker::HELLO => {
                    let hello: Hello = self.json(&frame.payload)?;
                    self.entry.said_hello(hello.sandbox);
                }
                from_worker::PROGRESS => {
                    let progress = protocol::progress_from_bytes(&frame.payload);
                    self.progress.send_replace(progress.ok_or_else(|| self.protocol("damaged progress".to_owned()))?);
                }
                from_worker::CHUNKS => {
                    self.hand_on(verifying.take(), &mut chunks).await?;
                    // One batch is verified and packed while the process makes the next.
                    verifying = Some(tokio::task::spawn_blocking(move || verify(&frame.payload)));
                }
                from_worker::REPLY => {
                    self.hand_on(verifying.take(), &mut chunks).await?;
                    return Ok(Received { reply: self.json(&frame.payload)?, chunks });
                }
                kind => return Err(self.protocol(format!("no message has the number {kind}")).into()),
            }
        }
    }

    /// Hands on a batch of verified chunks.
    async fn hand_on(&self, verifying: Option<Verifying>, names: &mut HashSet<Hash>) -> Result<(), ServiceError> {
        let Some(verifying) = verifying else { return Ok(()) };
        let verified = verifying.await.map_err(|error| self.protocol(error.to_string()))?;
        for (hash, packed) in verified.map_err(|reason| self.protocol(reason))? {
            let chunks = self.chunks.as_ref().ok_or_else(|| self.protocol("chunks nobody asked for".to_owned()))?;
            chunks.send((hash, packed)).await.map_err(|_| ServiceError::Output { service: self.service })?;
            names.insert(hash);
        }
        Ok(())
    }

    fn json<T: serde::de::DeserializeOwned>(&self, payload: &[u8]) -> Result<T, ServiceError> {
        serde_json::from_slice(payload).map_err(|error| self.protocol(error.to_string()))
    }

    fn protocol(&self, reason: String) -> ServiceError {
        ServiceError::Protocol { service: self.service, reason }
    }

    fn limit(&self, which: LimitKind) -> ServiceError {
        ServiceError::Limit { service: self.service, which }
    }

    /// What the end of a process means that was not told to end.
    fn died(&self, exit: Exit, stderr: String) -> ServiceError {
        // The text is that of Rust's standard library when an allocation fails.
        if exit == Exit::Signal(libc::SIGABRT) && stderr.contains("memory allocation of") {
            self.limit(LimitKind::Memory(self.limits.memory))
        } else if exit == Exit::Signal(libc::SIGXCPU) {
            self.limit(LimitKind::CpuTime(self.limits.cpu_time))
        } else {
            ServiceError::Died { service: self.service, exit, stderr }
        }
    }
}

type Verifying = JoinHandle<Result<Vec<(Hash, Vec<u8>)>, String>>;

/// The frames of the chunks of a payload, each checked against its name.
fn verify(payload: &[u8]) -> Result<Vec<(Hash, Vec<u8>)>, String> {
    protocol::chunks(payload)
        .map(|chunk| {
            let (hash, sent) = chunk.ok_or_else(|| "damaged chunks".to_owned())?;
            Ok((hash, sent.to_frame(hash).map_err(|error| format!("chunk {hash}: {error}"))?))
        })
        .collect()
}

/// Fills the buffer as far as the input has something at hand, and waits only where that is nothing.
async fn fill(input: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = input.read(buffer).await?;
    while length > 0 && length < buffer.len() {
        let more = std::future::poll_fn(|context| {
            let mut rest = tokio::io::ReadBuf::new(&mut buffer[length..]);
            match std::pin::Pin::new(&mut *input).poll_read(context, &mut rest) {
                std::task::Poll::Ready(Ok(())) => std::task::Poll::Ready(Ok(rest.filled().len())),
                std::task::Poll::Ready(Err(error)) => std::task::Poll::Ready(Err(error)),
                std::task::Poll::Pending => std::task::Poll::Ready(Ok(0)),
            }
        });
        match more.await? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Sees to it that the process is gone, and tells how it ended.
async fn end(child: &mut Child, is_ending: bool) -> Exit {
    if is_ending && let Ok(Ok(status)) = timeout(GRACE, child.wait()).await {
        return status.into();
    }
    // Fails only where it has ended by itself.
    let _ = child.start_kill();
    child.wait().await.map_or(Exit::Unknown, Exit::from)
}

/// The end of what the process writes to its standard error.
async fn tail(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1_024];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        kept.extend(&buffer[..length]);
        if kept.len() > STDERR_KEPT {
            kept.drain(..kept.len() - STDERR_KEPT);
        }
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}
