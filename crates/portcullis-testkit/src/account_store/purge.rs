use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Family, KeyRow, LinkPurpose, Ticket, TicketPurpose};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::audit::{all, read};
use super::families::find;
use super::rows::{HOUR, at, event_at, family, family_at, key, link};
use super::snapshot::revocations;
use super::{Nodes, rows};

super::cases![
    what_has_ended_goes,
    what_is_needed_stays,
    tickets_go_at_their_end,
    old_entries_go_if_they_are_told_to,
    a_purge_has_a_bound,
];

async fn purge(nodes: &Nodes, now: i64, audit_before: Option<i64>, limit: u32) -> u64 {
    let purged = nodes.a.purge(at(now), audit_before.map(at), limit).await;
    purged.expect("a store purges")
}

fn revoked(second: i64) -> Change {
    Change::Revoke(Revocation::Token {
        id: rows::new_id().to_string(),
        until: at(second),
    })
}

async fn what_has_ended_goes(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let idle = family(&alice);
    let brief = Family {
        ends_at: at(60),
        ..family(&alice)
    };
    let link = link(&alice, LinkPurpose::ResetPassword);
    nodes
        .commit(&[
            rows::inserted(&idle),
            rows::inserted(&brief),
            rows::linked(&link),
            revoked(60),
        ])
        .await;
    assert_eq!(purge(&nodes, 59, None, 100).await, 0, "nothing has ended");
    assert_eq!(
        purge(&nodes, 60, None, 100).await,
        2,
        "what has ended goes, and is counted"
    );
    assert_eq!(
        find(&nodes, &brief).await,
        None,
        "a family past its end is gone"
    );
    assert!(
        revocations(&nodes).await.is_empty(),
        "a revocation past its end is gone"
    );
    assert_eq!(
        purge(&nodes, 10 + HOUR, None, 100).await,
        2,
        "then the others"
    );
    assert_eq!(find(&nodes, &idle).await, None, "an idle family is gone");
    let found = nodes.b.link(link.id).await.expect("a store answers");
    assert_eq!(found, None, "a link past its end is gone");
    assert_eq!(
        purge(&nodes, 1000 * HOUR, None, 100).await,
        0,
        "nothing goes twice"
    );
}

async fn what_is_needed_stays(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let (live, old) = (family_at(&owner, 100 * HOUR), family_at(&owner, 80 * HOUR));
    let link = link(&owner, LinkPurpose::Unlock);
    let ended = KeyRow {
        expires_at: Some(at(20)),
        ..key(&owner)
    };
    let (event, identity) = (event_at(&owner, 1), rows::identity(&owner));
    nodes
        .commit(&[
            rows::inserted(&live),
            rows::inserted(&old),
            rows::linked(&link),
            rows::added(&ended),
            rows::factor_put(&rows::active_factor(&owner)),
            rows::codes_put(&owner, &[rows::code()]),
            rows::linked_identity(&identity),
            rows::recorded(&event),
            revoked(200 * HOUR),
        ])
        .await;
    // Used since, it is live: its end was put off.
    for generation in 0..21_u32 {
        let second = 81 * HOUR - 1 + i64::from(generation) * (HOUR - 1);
        nodes
            .commit(&[rows::rotated(&old, generation, second)])
            .await;
    }
    let now = 100 * HOUR + 60;
    assert_eq!(
        purge(&nodes, now, None, 100).await,
        1,
        "only the link has ended"
    );
    assert_eq!(find(&nodes, &live).await, Some(live), "a live family stays");
    assert!(
        find(&nodes, &old).await.is_some(),
        "so does one whose end was put off"
    );
    let keys = nodes.b.keys(&owner).await.expect("a store answers");
    assert_eq!(keys, [ended], "keys stay, past their end or not");
    assert_eq!(
        read(&nodes, &all("users")).await,
        [event],
        "the trail stays"
    );
    assert_eq!(
        revocations(&nodes).await.len(),
        1,
        "what must be remembered stays"
    );
    let factor = super::factors::find(&nodes, &owner).await;
    assert!(factor.is_some(), "a second factor has no end");
    let codes = super::factors::codes_left(&nodes, &owner).await;
    assert_eq!(codes, 1, "nor has a recovery code");
    let identities = super::identities::list(&nodes, &owner).await;
    assert_eq!(identities, [identity], "nor an identity");
    assert_eq!(nodes.find(&owner).await, Some(alice), "accounts stay");
    let refused = nodes.refusal(rows::taken(&link, 20)).await;
    assert_eq!(refused, Conflict::NotFound, "what is purged is not there");
}

async fn tickets_go_at_their_end(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let state = rows::nobodys_ticket(TicketPurpose::OauthState);
    let device = Ticket {
        expires_at: at(30 * 24 * HOUR),
        ..rows::ticket(&alice, TicketPurpose::TrustedDevice)
    };
    let challenge = rows::ticket(&alice, TicketPurpose::Challenge);
    let all = [&state, &device, &challenge];
    nodes.commit(&all.map(rows::ticketed)).await;
    let end = rows::TICKET_END;
    assert_eq!(purge(&nodes, end - 1, None, 100).await, 0, "none has ended");
    let rule = "tickets past their end go, whosever they are, and are counted";
    assert_eq!(purge(&nodes, end, None, 100).await, 2, "{rule}");
    for gone in [&state, &challenge] {
        assert_eq!(super::tickets::find(&nodes, gone).await, None, "{rule}");
    }
    let found = super::tickets::find(&nodes, &device).await;
    super::tickets::assert_same(found, &device, "a live ticket stays");
    // It is not in the way of what comes.
    let dropped = rows::tickets_dropped(&alice, &TicketPurpose::ALL);
    nodes.commit(&[dropped, rows::ticketed(&challenge)]).await;
}

async fn old_entries_go_if_they_are_told_to(nodes: Nodes) {
    let alice = rows::stranger();
    let events: Vec<_> = (0..10).map(|second| event_at(&alice, second)).collect();
    let changes: Vec<_> = events.iter().map(rows::recorded).collect();
    nodes.commit(&changes).await;
    assert_eq!(
        purge(&nodes, 1000 * HOUR, None, 100).await,
        0,
        "unless told to, none goes"
    );
    assert_eq!(
        purge(&nodes, 0, Some(4), 100).await,
        4,
        "those before a moment go"
    );
    let left = read(&nodes, &all("users")).await;
    let wanted: Vec<_> = events[4..].iter().rev().cloned().collect();
    assert_eq!(left, wanted, "and no other");
}

async fn a_purge_has_a_bound(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut changes = Vec::new();
    for second in 0..7 {
        changes.push(rows::inserted(&family(&alice)));
        changes.push(revoked(60));
        changes.push(rows::recorded(&event_at(&alice, second)));
        let purpose = TicketPurpose::Challenge;
        changes.push(rows::ticketed(&rows::ticket(&alice, purpose)));
    }
    for purpose in LinkPurpose::ALL {
        changes.push(rows::linked(&link(&alice, purpose)));
    }
    nodes.commit(&changes).await;
    let (now, before) = (1000 * HOUR, Some(1000));
    assert_eq!(purge(&nodes, now, before, 0).await, 0, "none");
    let rule = "a purge removes no more than its bound of each kind";
    for went in [3 * 5, 3 + 2 + 3 + 3 + 3, 4, 0] {
        assert_eq!(purge(&nodes, now, before, 3).await, went, "{rule}");
    }
    let left = nodes.b.revocations(Timestamp::UNIX_EPOCH, at(0)).await;
    assert!(
        left.expect("a store answers").is_empty(),
        "in the end all is gone"
    );
    assert!(
        read(&nodes, &all("users")).await.is_empty(),
        "in the end all is gone"
    );
}
