use std::future::Future;
use std::time::Duration;

use portcullis_accounts::Family;
use portcullis_accounts::store::{Change, Conflict};

use super::rows::{HOUR, at, family, family_at, inserted, rotated};
use super::{Nodes, rows};

super::cases![
    a_family_is_found_again,
    live_ones_are_listed_the_newest_first,
    a_family_needs_its_owner,
    a_family_is_there_once,
    a_rotation_is_the_next_generation,
    a_rotation_puts_the_end_off,
    what_has_ended_is_not_rotated,
    who_proves_again_is_noted,
    only_the_owner_proves_again,
];

pub(super) async fn find(nodes: &Nodes, family: &Family) -> Option<Family> {
    nodes.b.family(family.id).await.expect("a store answers")
}

pub(super) async fn live(nodes: &Nodes, of: &Family, second: i64) -> Vec<Family> {
    let live = nodes.b.families(&of.owner, at(second)).await;
    live.expect("a store answers")
}

#[track_caller]
fn assert_same(found: Option<Family>, wanted: &Family, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    let more = |family: &Family| (family.stamp.clone(), family.idle, family.amr.clone());
    assert_eq!(more(&found), more(wanted), "{rule}");
    let client = |family: &Family| (family.address, family.user_agent.clone(), family.remember);
    assert_eq!(client(&found), client(wanted), "{rule}");
    let times = |family: &Family| {
        let began = (family.created_at, family.authenticated_at);
        (began, family.rotated_at, family.ends_at)
    };
    assert_eq!(times(&found), times(wanted), "{rule}");
    assert_eq!(found, *wanted, "{rule}");
}

async fn a_family_is_found_again(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let full = Family {
        stamp: String::from("stämp"),
        generation: 4_000_000_000,
        rotated_at: at(100),
        authenticated_at: at(-5),
        idle: Duration::from_millis(1_209_600_123),
        amr: ["otp", "pwd", "mfa"].map(String::from).to_vec(),
        remember: true,
        address: "2001:db8::1:0:0:7".parse().ok(),
        user_agent: Some(String::from("Mozilla/5.0 (\u{1f510}; 'x' \\ %) e\u{301}")),
        ..family(&alice)
    };
    let bare = Family {
        amr: Vec::new(),
        ..family(&alice)
    };
    for wanted in [full, bare] {
        nodes.commit(&[inserted(&wanted)]).await;
        let found = find(&nodes, &wanted).await;
        assert_same(found, &wanted, "a family is found as it was put in");
    }
    let unknown = nodes.b.family(rows::new_id()).await;
    assert_eq!(
        unknown.expect("a store answers"),
        None,
        "an unknown id is none"
    );
}

async fn live_ones_are_listed_the_newest_first(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let alice = alice.reference();
    let namesake = nodes.user_in("customers", "alice").await;
    // The ids ascend in another order than the times.
    let families = [30, 10, 40, 20].map(|second| family_at(&alice, second));
    let brief = Family {
        ends_at: at(60),
        ..family_at(&alice, 50)
    };
    for family in families.iter().chain([&brief]) {
        nodes.commit(&[inserted(family)]).await;
    }
    for other in [bob.reference(), namesake.reference()] {
        nodes.commit(&[inserted(&family_at(&other, 35))]).await;
    }
    let of_namesake = nodes
        .b
        .families(&rows::namesake(&bob.reference()), at(50))
        .await;
    assert!(
        of_namesake.expect("a store answers").is_empty(),
        "the same id in another collection has no families"
    );
    let [third, first, fourth, second] = &families;
    let listed = |second| live(&nodes, first, second);
    let ids = |families: &[&Family]| families.iter().map(|one| one.id).collect::<Vec<_>>();
    let all = async |second| {
        let listed = listed(second).await;
        listed.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let newest_first = [&brief, fourth, third, second, first];
    let rule = "a user's live families are listed, the newest first";
    assert_eq!(all(59).await, ids(&newest_first), "{rule}");
    assert_eq!(
        all(60).await,
        ids(&newest_first[1..]),
        "{rule}: the end is an end"
    );
    assert_eq!(
        all(10 + HOUR).await,
        ids(&newest_first[1..4]),
        "{rule}: so is idleness"
    );
    assert!(all(40 + HOUR).await.is_empty(), "{rule}: none is live");
    let ended = find(&nodes, &brief).await;
    assert_same(
        ended,
        &brief,
        "a family is found by its id past its end as well",
    );
}

async fn a_family_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let orphan = family(&owner);
        let refused = nodes.refusal(inserted(&orphan)).await;
        assert_eq!(
            refused,
            Conflict::NotFound,
            "a family's owner must be there"
        );
        assert_eq!(find(&nodes, &orphan).await, None, "nothing is left of it");
    }
}

async fn a_family_is_there_once(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let first = family(&alice.reference());
    nodes.commit(&[inserted(&first)]).await;
    let second = Family {
        id: first.id,
        ..family(&bob.reference())
    };
    nodes.assert_taken(inserted(&second), "a family's id").await;
    assert_same(
        find(&nodes, &first).await,
        &first,
        "the first stays as it is",
    );
}

async fn a_rotation_is_the_next_generation(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (before, other) = (family(&alice), family(&alice));
    nodes.commit(&[inserted(&before), inserted(&other)]).await;
    nodes.commit(&[rotated(&before, 0, 20)]).await;
    let after = Family {
        generation: 1,
        rotated_at: at(20),
        address: "192.0.2.7".parse().ok(),
        user_agent: Some(String::from("curl/8")),
        ..before.clone()
    };
    let rule = "a rotation sets generation, time, address and client, and nothing else";
    assert_same(find(&nodes, &before).await, &after, rule);
    for wrong in [0, 2, u32::MAX] {
        let refused = nodes.refusal(rotated(&before, wrong, 30)).await;
        assert_eq!(
            refused,
            Conflict::Changed,
            "it is at generation 1, not {wrong}"
        );
        assert_same(find(&nodes, &before).await, &after, "nothing was changed");
    }
    let twice = [rotated(&before, 1, 30), rotated(&before, 2, 40)];
    nodes.commit(&twice).await;
    let unsaid = Change::RotateFamily {
        id: before.id,
        from: 3,
        at: at(50),
        address: None,
        user_agent: None,
    };
    nodes.commit(&[unsaid]).await;
    let after = Family {
        generation: 4,
        rotated_at: at(50),
        ..before.clone()
    };
    assert_same(find(&nodes, &before).await, &after, rule);
    assert_same(
        find(&nodes, &other).await,
        &other,
        "other families stay as they are",
    );
}

/// AC-R4.
async fn a_rotation_puts_the_end_off(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let family = family(&alice);
    nodes.commit(&[inserted(&family)]).await;
    let mut second = 10;
    for generation in 0..23 {
        second += HOUR - 1;
        nodes.commit(&[rotated(&family, generation, second)]).await;
        let listed = live(&nodes, &family, second + HOUR - 1).await.len();
        assert_eq!(listed, 1, "a use puts off the end by idleness");
        let listed = live(&nodes, &family, second + HOUR).await.len();
        assert_eq!(listed, 0, "but only that far");
    }
    second += HOUR - 1;
    nodes.commit(&[rotated(&family, 23, second)]).await;
    let end = 10 + 24 * HOUR;
    assert!(second < end && end < second + HOUR);
    assert_eq!(live(&nodes, &family, end - 1).await.len(), 1);
    let listed = live(&nodes, &family, end).await.len();
    assert_eq!(listed, 0, "no use puts off the end of the whole");
}

async fn what_has_ended_is_not_rotated(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (idle, brief) = (
        family(&alice),
        Family {
            ends_at: at(60),
            ..family(&alice)
        },
    );
    nodes.commit(&[inserted(&idle), inserted(&brief)]).await;
    for (family, end) in [(&idle, 10 + HOUR), (&brief, 60)] {
        for second in [end, end + 1, end + 100 * HOUR] {
            let refused = nodes.refusal(rotated(family, 0, second)).await;
            assert_eq!(refused, Conflict::NotFound, "what has ended is not there");
        }
        assert_same(find(&nodes, family).await, family, "nothing was changed");
        nodes.commit(&[rotated(family, 0, end - 1)]).await;
    }
    let unknown = rotated(&family(&alice), 0, 20);
    assert_eq!(
        nodes.refusal(unknown).await,
        Conflict::NotFound,
        "an unknown id"
    );
}

fn proved(family: &Family, stamp: Option<&str>) -> Change {
    Change::ReauthenticateFamily {
        owner: family.owner.clone(),
        id: family.id,
        at: at(300),
        amr: ["pwd", "otp"].map(String::from).to_vec(),
        stamp: stamp.map(String::from),
    }
}

async fn who_proves_again_is_noted(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (before, other) = (family(&alice), family(&alice));
    nodes.commit(&[inserted(&before), inserted(&other)]).await;
    let mut wanted = Family {
        authenticated_at: at(300),
        amr: ["pwd", "otp"].map(String::from).to_vec(),
        ..before.clone()
    };
    nodes.commit(&[proved(&before, None)]).await;
    let rule = "a new proof sets its time and methods";
    assert_same(find(&nodes, &before).await, &wanted, rule);
    wanted.stamp = String::from("stamp-2");
    nodes.commit(&[proved(&before, Some("stamp-2"))]).await;
    assert_same(
        find(&nodes, &before).await,
        &wanted,
        "and the stamp, if there is one",
    );
    assert_same(
        find(&nodes, &other).await,
        &other,
        "other families stay as they are",
    );
}

async fn only_the_owner_proves_again(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let family = family(&alice.reference());
    nodes.commit(&[inserted(&family)]).await;
    for owner in [
        bob.reference(),
        rows::namesake(&family.owner),
        rows::stranger(),
    ] {
        let theirs = Family {
            owner,
            ..family.clone()
        };
        let refused = nodes.refusal(proved(&theirs, Some("x"))).await;
        assert_eq!(refused, Conflict::NotFound, "another's family is not there");
        assert_same(find(&nodes, &family).await, &family, "nothing was changed");
    }
}
