//! Which row of the table a request is for.

use http::{Method, StatusCode};
use portcullis_core::Denial;

use super::route::{Route, Who};
use super::table;

/// A row, and what its path names.
pub(super) struct Found<'a> {
    pub(super) route: &'static Route,
    pub(super) collection: Option<&'a str>,
    /// An id, or the name of a provider.
    pub(super) id: &'a str,
}

/// 404 `not_found`.
pub(super) fn not_found() -> Denial {
    Denial::new(StatusCode::NOT_FOUND, "not_found").with_detail("there is nothing here")
}

/// Finds the row. A path that is known with other methods is 405, and says with which.
pub(super) fn find<'a>(
    method: &Method,
    path: &'a str,
    is_collection: impl Fn(&str) -> bool,
) -> Result<Found<'a>, Denial> {
    let mut allowed: Vec<&str> = Vec::new();
    for route in table::routes() {
        let Some((collection, id)) = matches(route.path, path) else {
            continue;
        };
        if !collection.is_none_or(&is_collection) {
            continue;
        }
        if route.method == *method {
            return Ok(Found {
                route,
                collection,
                id,
            });
        }
        allowed.push(route.method.as_str());
    }
    match allowed.is_empty() {
        true => Err(not_found()),
        false => Err(method_not_allowed(&allowed.join(", "))),
    }
}

fn method_not_allowed(allowed: &str) -> Denial {
    let denial = Denial::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .with_detail("this path does not answer to this method");
    match http::HeaderValue::from_str(allowed) {
        Ok(allowed) => denial.with_header(http::header::ALLOW, allowed),
        Err(_) => denial,
    }
}

/// Segment by segment, as they stand: no decoding, no empty segments, no trailing slash, so that there is one way to write a path.
fn matches<'a>(pattern: &[&str], path: &'a str) -> Option<(Option<&'a str>, &'a str)> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let (mut collection, mut id) = (None, "");
    for expected in pattern {
        let segment = segments.next()?;
        match *expected {
            ":c" => collection = Some(segment),
            ":id" | ":provider" if !segment.is_empty() => id = segment,
            literal if literal == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some((collection, id))
}

/// Whether a request is for an endpoint that anyone may call, under whatever prefix: then a credential that comes along and is
/// broken is nobody's, instead of 401. Programs send their last access token with everything, also with the request that
/// exchanges it, and logging out must always work.
pub(crate) fn ignores_credentials(
    method: &Method,
    path: &str,
    is_collection: impl Fn(&str) -> bool,
) -> bool {
    let starts = path.rmatch_indices('/').map(|(start, _)| start);
    starts.take(table::DEEPEST).any(|start| {
        let found = find(method, &path[start..], &is_collection);
        found.is_ok_and(|found| found.route.who == Who::Anyone)
    })
}
