use portcullis_benches::{Limit, Outcome, Row, Section, allocations, nanos, times};

use super::ALGORITHMS;
use crate::floor::{in_e, in_e_plain};

pub(crate) fn report(outcome: &Outcome) -> Section {
    let mut rows = vec![nobody(outcome)];
    rows.extend(ALGORITHMS.map(|name| hot(outcome, name)));
    rows.push(many(outcome));
    rows.push(two_threads(outcome));
    rows.push(first_sight_hs256(outcome));
    rows.extend(
        ALGORITHMS[1..]
            .iter()
            .map(|name| first_sight(outcome, name)),
    );
    rows.extend(ALGORITHMS.map(|name| broken(outcome, name)));
    rows.push(unsigned(outcome, "a token without dots", "jwt: malformed"));
    rows.push(unsigned(
        outcome,
        "a token of an unknown key",
        "jwt: unknown key",
    ));
    Section {
        title: "Bearer tokens",
        note: "Tokens of about 290 bytes (HS256) with `sub iss aud exp iat jti scope`; `iss`, `aud` and `exp` are checked by all. Ours is \
               the whole `AuthnLayer` with the `Bearer` scheme, floor included. *Hot* is one token again and again; for HS256 with \
               `cache_symmetric`, for by itself it is verified each time. *First sight* has a cache that does not know the token (its keys have just changed) \
               and keeps it. Nobody listens to events (`tracing`), ours or the peers'."
            .to_owned(),
        rows,
    }
}

fn time_and_allocations(outcome: &Outcome, name: &str) -> String {
    let measured = &outcome[name];
    format!(
        "{}, {}",
        nanos(measured.nanos()),
        allocations(measured.allocations)
    )
}

fn beside(outcome: &Outcome, name: &str) -> String {
    format!(
        "jwt-authorizer {}; jsonwebtoken alone {}",
        time_and_allocations(outcome, &format!("jwt-authorizer: {name}")),
        time_and_allocations(outcome, &format!("jsonwebtoken: {name}")),
    )
}

fn nobody(outcome: &Outcome) -> Row {
    let case = "jwt: nobody";
    let ratio = in_e_plain(outcome, case);
    let measured = format!("{ratio:.2} E: {}", time_and_allocations(outcome, case));
    Row::new("no credential, optional")
        .target("≤ 1.3 E", [Limit::at_most("time", ratio, 1.3)])
        .measured(measured)
        .beside("E of a request without `Authorization`")
}

fn hot(outcome: &Outcome, name: &str) -> Row {
    let case = format!("jwt: {name} hot");
    let ratio = in_e(outcome, &case);
    let limits = [
        Limit::at_most("time", ratio, 2.0),
        Limit::at_most("allocations", outcome[&*case].allocations.round(), 4.0),
    ];
    Row::new(format!("{name}, seen before, hot"))
        .target("≤ 2 E, ≤ 4 alloc", limits)
        .measured(format!(
            "{ratio:.2} E: {}",
            time_and_allocations(outcome, &case)
        ))
        .beside(beside(outcome, name))
}

fn many(outcome: &Outcome) -> Row {
    let case = "jwt: many";
    let ratio = in_e(outcome, case);
    let limits = [
        Limit::at_most("time", ratio, 6.0),
        Limit::at_most("allocations", outcome[case].allocations.round(), 4.0),
    ];
    Row::new("ES256, seen before, 20 000 tokens in turn")
        .target("≤ 6 E, ≤ 4 alloc", limits)
        .measured(format!(
            "{ratio:.2} E: {}",
            time_and_allocations(outcome, case)
        ))
}

fn two_threads(outcome: &Outcome) -> Row {
    let gain = |name: &str| {
        let threads = |count: &str| outcome[&*format!("{name}: {count}")].per_second();
        threads("two threads") / threads("one thread")
    };
    let ours = gain("jwt");
    Row::new("ES256, seen before, one token on two threads")
        .target(
            "≥ 1.3 × one thread",
            [Limit::at_least("throughput", ours, 1.3)],
        )
        .measured(times(ours))
        .beside(format!(
            "jwt-authorizer HS256 {}",
            times(gain("jwt-authorizer"))
        ))
}

fn first_sight_hs256(outcome: &Outcome) -> Row {
    let case = "jwt: HS256 first sight";
    let ours = outcome[case].nanos();
    let to_hand = ours / outcome["by hand: HS256"].nanos();
    let faster = outcome["jwt-authorizer: HS256"].nanos() / ours;
    let limits = [
        Limit::at_most("time", to_hand, 1.4),
        Limit::at_least("lead over jwt-authorizer", faster, 2.5),
    ];
    let measured = format!(
        "{} by hand, {} faster than jwt-authorizer: {}",
        times(to_hand),
        times(faster),
        time_and_allocations(outcome, case)
    );
    let beside = format!(
        "by hand {}; {}",
        time_and_allocations(outcome, "by hand: HS256"),
        beside(outcome, "HS256")
    );
    Row::new("HS256, first sight")
        .target(
            "≤ 1.4 × by hand, ≥ 2.5 × faster than jwt-authorizer",
            limits,
        )
        .measured(measured)
        .beside(beside)
}

fn first_sight(outcome: &Outcome, name: &str) -> Row {
    let case = format!("jwt: {name} first sight");
    let bare = outcome[&*format!("aws-lc-rs: {name}")].nanos();
    let ratio = outcome[&*case].nanos() / bare;
    Row::new(format!("{name}, first sight"))
        .target(
            "≤ 1.05 × the bare signature check",
            [Limit::at_most("time", ratio, 1.05)],
        )
        .measured(format!(
            "{ratio:.3} ×: {}",
            time_and_allocations(outcome, &case)
        ))
        .beside(format!(
            "bare check {}; {}",
            nanos(bare),
            beside(outcome, name)
        ))
}

fn broken(outcome: &Outcome, name: &str) -> Row {
    let case = format!("jwt: {name} broken");
    let accepted = outcome[&*format!("jwt: {name} first sight")].nanos();
    let ratio = outcome[&*case].nanos() / accepted;
    let peer = format!("jwt-authorizer: {name} broken");
    Row::new(format!("{name}, wrong signature → 401"))
        .target(
            "≤ the same token accepted",
            [Limit::at_most("time", ratio, 1.0)],
        )
        .measured(format!(
            "{}: {}",
            times(ratio),
            time_and_allocations(outcome, &case)
        ))
        .beside(format!(
            "jwt-authorizer {}",
            time_and_allocations(outcome, &peer)
        ))
}

fn unsigned(outcome: &Outcome, job: &str, case: &str) -> Row {
    let limit = Limit::at_most("time", outcome[case].nanos(), 2_000.0);
    Row::new(format!("{job} → 401"))
        .target("≤ 2 µs", [limit])
        .measured(time_and_allocations(outcome, case))
}
