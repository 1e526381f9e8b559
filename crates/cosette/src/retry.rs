//! When a request is sent again, and after how long.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// How often and how patiently requests are repeated: after network errors, 5xx, `SlowDown`, and
/// conflicts that pass (`PathConflict`); never after other refusals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is sent at most; 1 for no retry.
    pub attempts_max: u32,
    /// The wait before the second attempt; it doubles from one to the next.
    pub delay_min: Duration,
    /// The longest wait.
    pub delay_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            delay_min: Duration::from_millis(100),
            delay_max: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Sends every request once.
    pub fn never() -> Self {
        Self {
            attempts_max: 1,
            ..Self::default()
        }
    }

    /// How long to wait after attempt number `attempt` (from 1 on) failed. Half of it is random, so
    /// that clients which failed together do not come back together.
    pub(crate) fn delay(&self, attempt: u32, headers: Option<&HeaderMap>) -> Duration {
        let doubled = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let longest = self.delay_min.saturating_mul(doubled).min(self.delay_max);
        let jittered = longest.mul_f64(0.5 + random_fraction() / 2.0);
        jittered
            .max(asked_for(headers).unwrap_or_default())
            .min(self.delay_max)
    }
}

/// What the service asks for, in seconds.
fn asked_for(headers: Option<&HeaderMap>) -> Option<Duration> {
    let secs = headers?.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(secs))
}

/// A number from 0 to 1. The keys of the standard library's hasher are random, which is all that
/// jitter needs.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    bits as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_bounds() {
        let policy = RetryPolicy::default();
        for (attempt, longest_ms) in [(1, 100), (2, 200), (3, 400), (8, 10_000), (90, 10_000)] {
            for _ in 0..100 {
                let delay = policy.delay(attempt, None);
                let longest = Duration::from_millis(longest_ms);
                assert!(
                    delay <= longest && delay * 2 >= longest,
                    "{attempt}: {delay:?}"
                );
            }
        }
    }

    #[test]
    fn the_service_may_ask_for_more_but_not_for_ever() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "3".parse().unwrap());
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, Some(&headers)), Duration::from_secs(3));
        headers.insert(RETRY_AFTER, "3600".parse().unwrap());
        assert_eq!(policy.delay(1, Some(&headers)), policy.delay_max);
    }
}
