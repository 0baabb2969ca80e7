//! Guards: what it takes to say whether somebody may.

use http::StatusCode;
use portcullis_benches::{Case, Lane, Limit, Outcome, Race, Row, Section, nanos};
use portcullis_core::{
    AuthContext, AuthUser, Policy, SchemeName, permission, require, role, scope,
};
use tower::Layer;

use crate::reply::reads;
use crate::request::plain;

/// The user's entries, of which the guard asks for the last.
const COUNTS: [usize; 2] = [10, 1_000];

type Asked = fn(&str) -> Policy;

const KINDS: [(&str, Asked); 3] = [("scope", scope), ("role", role), ("permission", permission)];

pub(crate) fn enter(race: &mut Race) {
    for count in COUNTS {
        for (kind, policy) in KINDS {
            let user = user(kind, count);
            let policy = policy(&entry(count - 1));
            assert!(policy.is_satisfied_by(&user));
            let lane = Lane::function(|_| (), move |()| policy.is_satisfied_by(&user));
            race.enter(format!("guard: {kind} of {count}"), Case::new(lane));
        }
    }
    let identified = |user: AuthUser| {
        move |_| {
            let mut request = plain();
            AuthContext::new(Some(user.clone())).insert_into(request.extensions_mut());
            request
        }
    };
    let user = user("permission", 10);
    let lane = Lane::service(
        StatusCode::OK,
        reads::<AuthUser>(),
        identified(user.clone()),
    );
    race.enter("guard: no layer", Case::new(lane));
    let guarded = require(permission(&entry(9))).layer(reads::<AuthUser>());
    let lane = Lane::service(StatusCode::OK, guarded, identified(user));
    race.enter("guard: layer", Case::new(lane));
}

fn entry(number: usize) -> String {
    format!("resource{number}:write")
}

fn user(kind: &str, count: usize) -> AuthUser {
    let entries: Vec<_> = (0..count).map(entry).collect();
    let names = entries.iter().map(String::as_str);
    let builder = AuthUser::builder(SchemeName::JWT, "u-000001");
    match kind {
        "scope" => {
            let scopes = entries.join(" ").parse();
            builder.scopes(Some(scopes.expect("the entries are scopes")))
        }
        "role" => builder.roles(names),
        _ => builder.permissions(names),
    }
    .build()
}

pub(crate) fn report(outcome: &Outcome) -> Section {
    let mut rows = Vec::new();
    for (kind, _) in KINDS {
        for count in COUNTS {
            let time = outcome[&*format!("guard: {kind} of {count}")].nanos();
            let row = Row::new(format!("{kind}, one of {count}"));
            let row = row.target("≤ 10 ns", [Limit::at_most("time", time, 10.0)]);
            rows.push(row.measured(nanos(time)));
        }
    }
    let added = outcome["guard: layer"].nanos() - outcome["guard: no layer"].nanos();
    rows.push(Row::new("a permission by `require(…)`, what the layer adds").measured(nanos(added)));
    Section {
        title: "Guards",
        note: "`Policy::is_satisfied_by` for a user who has so many scopes, roles or permissions, of which the last is asked for. \
               (casbin, measured once elsewhere: 13.6 µs with 10 policies, 1.26 ms with 1 000.)"
            .to_owned(),
        rows,
    }
}
