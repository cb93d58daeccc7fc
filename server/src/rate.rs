//! How often one place may ask.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use hub::Client;

use crate::{problem::Problem, state::AppState, visit};

/// How many seconds' worth of requests may come at once: a page with its files, several people behind one address.
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");
/// How often places that have not asked for a while are forgotten.
const FORGET: Duration = Duration::from_secs(60);

/// Lets each place ask so often and no more: the generic cell rate algorithm (ITU-T I.371), a leaky bucket for each.
#[derive(Clone)]
pub(crate) struct Rate(Option<Arc<Places>>);

struct Places {
    limiter: DefaultKeyedRateLimiter<String>,
    tidied: Mutex<Instant>,
}

impl Rate {
    /// So many requests a second from one place, ten times as many at once; 0: any number.
    pub(crate) fn new(per_second: u32) -> Self {
        let quota =
            NonZeroU32::new(per_second).map(|rate| Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST)));
        let places =
            |quota| Arc::new(Places { limiter: RateLimiter::hashmap(quota), tidied: Mutex::new(Instant::now()) });
        Self(quota.map(places))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// It is one too many; another may come after this time.
    fn count(&self, place: String) -> Result<(), Duration> {
        let Some(places) = &self.0 else { return Ok(()) };
        places.tidy();
        let clock = places.limiter.clock();
        places.limiter.check_key(&place).map_err(|early| early.wait_time_from(clock.now()))
    }
}

impl Places {
    /// Forgets those who might ask as often as if they had never asked.
    fn tidy(&self) {
        let Ok(mut tidied) = self.tidied.try_lock() else { return };
        if tidied.elapsed() > FORGET {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            *tidied = Instant::now();
        }
    }
}

/// Refuses what comes too often from one place, where others than those on this machine reach the server.
pub(crate) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if state.public.is_none() {
        return next.run(request).await;
    }
    let address = visit::address(request.extensions(), request.headers(), true);
    let place = Client { address, ..Client::default() }.network();
    match state.rate.count(place) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests come from your address. Wait a moment.");
            problem.with(|body| body.retry_after = Some(wait.as_secs() + 1)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn each_place_is_counted_by_itself() {
        let rate = Rate::new(1);
        let refused = (0..200).filter_map(|_| rate.count("a".to_owned()).err()).collect::<Vec<_>>();
        assert!(!refused.is_empty() && refused.len() <= 190, "{}", refused.len());
        assert!(rate.count("b".to_owned()).is_ok());
        let free = Rate::new(0);
        assert!((0..10_000).all(|_| free.count("a".to_owned()).is_ok()));
    }
}
