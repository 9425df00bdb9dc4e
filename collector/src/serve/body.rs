//! Reading a request's body: never more than allowed, never more slowly than allowed.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

/// What a body must bring per second, bytes.
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum BodyError {
    /// Announced or sent more than the limit; nothing of it was kept.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// Below one KiB per second.
    #[error("the request came too slowly")]
    TooSlow,
    /// The connection broke.
    #[error("the request broke off")]
    Broken,
}

/// Reads at most `bytes_max`, within `patience` and one second per KiB received.
pub(crate) async fn read(
    mut body: Incoming,
    bytes_max: usize,
    patience: Duration,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(BodyError::TooLarge(bytes_max));
    }
    let began = Instant::now();
    let mut received = Vec::new();
    loop {
        let earned = Duration::from_secs(received.len() as u64 / BYTES_PER_SECOND_MIN);
        let frame =
            timeout_at(began + patience + earned, body.frame()).await.map_err(|_| BodyError::TooSlow)?;
        let Some(frame) = frame else { return Ok(received.into()) };
        let frame = frame.map_err(|_| BodyError::Broken)?;
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        if received.len() + data.len() > bytes_max {
            return Err(BodyError::TooLarge(bytes_max));
        }
        received.extend_from_slice(&data);
    }
}
