//! Connections: taken, served, and brought to their end when the server stops.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// How many are open at once, and how long is waited for what.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// How many connections; others wait until one ends. A page that is open has one for its events.
    pub(crate) connections: usize,
    /// For the head of a request, from when the connection is free for it. Longer than proxies keep a connection that rests, so
    /// that it is they who close it and send nothing into one that is closing.
    pub(crate) head: Duration,
    /// For answers that are being sent, once the server stops.
    pub(crate) end: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { connections: 8_192, head: Duration::from_secs(150), end: Duration::from_secs(30) }
    }
}

/// After no connection could be taken, as where too many files are open.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stopping`, and then until all that has begun is answered, or a while has gone by.
pub(crate) async fn serve(listener: TcpListener, app: Router, bounds: Bounds, stopping: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.head);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(bounds.head);
    let free = Arc::new(Semaphore::new(bounds.connections));
    let connections = TaskTracker::new();
    while let Some((place, socket, peer)) = next(&listener, &free, &stopping).await {
        // Answers are sent in few large pieces: waiting to fill packets only delays them.
        let _ = socket.set_nodelay(true);
        let (builder, app, stopping) = (builder.clone(), app.clone(), stopping.clone());
        connections.spawn(async move {
            if let Err(error) = serve_one(&builder, socket, peer, app, bounds.head, &stopping).await {
                tracing::debug!(%peer, %error, "a connection broke off");
            }
            drop(place);
        });
    }
    connections.close();
    if tokio::time::timeout(bounds.end, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "stopped before all answers were sent");
    }
}

/// The next connection, once there is room for it; none when the server stops.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stopping: &CancellationToken,
) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let taken = async {
        let place = Arc::clone(free).acquire_owned().await.expect("nobody closes it");
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => return (place, socket, peer),
                // Whoever knocked has gone again.
                Err(error) if is_about_one(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => None,
        taken = taken => Some(taken),
    }
}

fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves a connection until its end; `head` is how long it may take until the first request is there.
async fn serve_one(
    builder: &Builder<TokioExecutor>,
    socket: TcpStream,
    peer: SocketAddr,
    app: Router,
    head: Duration,
    stopping: &CancellationToken,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let app = app.map_request(move |request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(app)));
    // Before it has said which version of HTTP it speaks, no other clock runs.
    let silence = async {
        tokio::time::sleep(head).await;
        if has_asked.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    };
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = silence => return Ok(()),
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{Router, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };
    use tokio_util::sync::CancellationToken;

    use super::{Bounds, serve};

    async fn all(socket: &mut TcpStream) -> String {
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer, and the end of the connection");
        answer
    }

    #[tokio::test]
    async fn who_does_not_go_on_is_left_and_others_have_their_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stopping = CancellationToken::new();
        let bounds = Bounds { connections: 1, head: Duration::from_millis(200), end: Duration::from_secs(60) };
        let app = Router::new().route("/", get(async || "here"));
        let serving = tokio::spawn(serve(listener, app, bounds, stopping.clone()));

        // Says nothing, or the first letter of either version.
        for said in ["", "P"] {
            let mut silent = TcpStream::connect(address).await.expect("a connection");
            silent.write_all(said.as_bytes()).await.expect("it is sent");
            assert_eq!(all(&mut silent).await, "");
        }
        let mut slow = TcpStream::connect(address).await.expect("a connection");
        slow.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.expect("half a head is sent");
        // It has the only place; this one waits for it.
        let mut other = TcpStream::connect(address).await.expect("a connection");
        other.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it is sent");
        let answer = all(&mut slow).await;
        assert!(!answer.contains("here"), "{answer}");
        let answer = all(&mut other).await;
        assert!(answer.ends_with("here"), "answered, and closed when nothing more came: {answer}");

        stopping.cancel();
        serving.await.expect("it ends");
    }
}
