//! Reading a request's body: JSON, at most 64 KiB.

use std::error::Error;

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use portcullis_core::Denial;
use zeroize::Zeroizing;

/// The most bytes of a body.
pub(super) const MOST: usize = 64 * 1024;

/// The body of a request that must be JSON; `None` where there is none and there need not be.
///
/// # Errors
///
/// 413 `body_too_large`, 415 `unsupported_media_type`, 400 `unreadable_body`.
pub(super) async fn read<B>(
    head: &Parts,
    body: B,
    optional: bool,
) -> Result<Option<Zeroizing<Vec<u8>>>, Denial>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST as u64) {
        return Err(too_large());
    }
    if optional && body.is_end_stream() {
        return Ok(None);
    }
    // What must be JSON is not read if it says that it is not; what may be left out may be empty, whatever it says.
    let is_json = is_json(head);
    if !optional && !is_json {
        return Err(not_json());
    }
    let bytes = match Limited::new(body, MOST).collect().await {
        Ok(collected) => Zeroizing::new(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err(unreadable()),
    };
    match (bytes.is_empty() && optional, is_json) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(bytes)),
        (false, false) => Err(not_json()),
    }
}

fn not_json() -> Denial {
    Denial::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        .with_detail("the body must be application/json")
}

fn unreadable() -> Denial {
    Denial::new(StatusCode::BAD_REQUEST, "unreadable_body")
        .with_detail("the body could not be read")
}

fn too_large() -> Denial {
    Denial::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
        .with_detail("the body is larger than 64 KiB")
}

/// `application/json`, with whatever parameters. A form of another site cannot send that without being asked first (CORS).
fn is_json(head: &Parts) -> bool {
    let mut values = head.headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value
        .to_str()
        .ok()
        .and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
