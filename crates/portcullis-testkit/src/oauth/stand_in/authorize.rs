//! The authorisation endpoint, which sends everybody back at once.

use super::ReceivedRequest;
use super::answer::{Answer, redirect};
use super::grants::Grant;
use super::state::State;
use crate::oauth::wire::encoded;

/// A code for what this person allows.
pub(super) fn new_code(
    request: &ReceivedRequest,
    person: u64,
    separator: char,
    state: &mut State,
) -> String {
    let scopes = request.parameter("scope").unwrap_or_default();
    let scopes = scopes
        .split([separator, ' '])
        .filter(|scope| !scope.is_empty());
    let grant = Grant {
        person,
        scopes: scopes.map(str::to_owned).collect(),
        redirect_uri: request.parameter("redirect_uri").map(str::to_owned),
        challenge: request.parameter("code_challenge").map(str::to_owned),
    };
    state.grants.new_code(grant)
}

/// Sends back to this address, with these parameters, and the `state` that was sent.
pub(super) fn send_back(
    request: &ReceivedRequest,
    to: &str,
    parameters: &[(&str, &str)],
) -> Answer {
    let state = request.parameter("state").map(|state| ("state", state));
    let query = encoded(parameters.iter().copied().chain(state));
    let separator = if to.contains('?') { '&' } else { '?' };
    redirect(302, &format!("{to}{separator}{query}"))
}

/// Whether the request's PKCE is the only kind that counts. Without PKCE, there is nothing to object to.
pub(super) fn has_good_challenge(request: &ReceivedRequest) -> bool {
    let challenge = request.parameter("code_challenge");
    challenge.is_none_or(|challenge| {
        challenge.len() == 43 && request.parameter("code_challenge_method") == Some("S256")
    })
}
