use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Factor, UserRef};

use super::rows::{activated, active_factor, at, factor, factor_deleted, factor_put, step_used};
use super::{Nodes, rows};

super::cases![
    a_factor_is_found_again,
    a_factor_needs_its_owner,
    one_under_way_is_replaced,
    an_active_one_stays,
    a_factor_is_activated_once,
    only_ones_own_is_activated,
    a_step_is_used_once,
    only_an_active_one_has_steps,
    a_factor_is_sealed_anew,
    a_factor_goes_with_its_codes,
];

pub(super) async fn find(nodes: &Nodes, owner: &UserRef) -> Option<Factor> {
    nodes.b.factor(owner).await.expect("a store answers")
}

pub(super) async fn codes_left(nodes: &Nodes, owner: &UserRef) -> u32 {
    let left = nodes.b.recovery_codes_left(owner).await;
    left.expect("a store answers")
}

/// `Factor`'s own `Debug` shows too little to tell what differs.
#[track_caller]
fn assert_same(found: Option<Factor>, wanted: &Factor, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    assert_eq!(found.sealed, wanted.sealed, "{rule}: what is sealed");
    assert_eq!(found.last_step, wanted.last_step, "{rule}: the last step");
    assert_eq!(found.created_at, wanted.created_at, "{rule}: its making");
    assert_eq!(found, *wanted, "{rule}");
}

async fn a_factor_is_found_again(nodes: Nodes) {
    let last_step = Some(u64::try_from(i64::MAX).unwrap_or_default());
    let factors: [fn(&UserRef) -> Factor; 3] = [factor, active_factor, |owner| Factor {
        sealed: Vec::new(),
        last_step: Some(0),
        ..factor(owner)
    }];
    for (number, make) in factors.into_iter().enumerate() {
        let alice = nodes.user(&format!("alice-{number}")).await.reference();
        assert_eq!(find(&nodes, &alice).await, None, "at first there is none");
        let mut wanted = make(&alice);
        nodes.commit(&[factor_put(&wanted)]).await;
        let rule = "a factor is found as it was put in";
        assert_same(find(&nodes, &alice).await, &wanted, rule);
        let namesake = rows::namesake(&alice);
        assert_eq!(find(&nodes, &namesake).await, None, "it is one user's");
        if !wanted.is_active() {
            wanted.last_step = last_step;
            wanted.sealed = (0..=255).collect();
            nodes.commit(&[factor_put(&wanted)]).await;
            assert_same(find(&nodes, &alice).await, &wanted, rule);
        }
    }
}

async fn a_factor_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let refused = nodes.refusal(factor_put(&factor(&owner))).await;
        let rule = "a factor's owner must be there";
        assert_eq!(refused, Conflict::NotFound, "{rule}");
        assert_eq!(find(&nodes, &owner).await, None, "{rule}");
    }
    assert_eq!(find(&nodes, &alice).await, None, "nobody else gets it");
}

async fn one_under_way_is_replaced(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (first, other) = (factor(&alice.reference()), factor(&bob.reference()));
    nodes
        .commit(&[factor_put(&first), factor_put(&other)])
        .await;
    let second = Factor {
        sealed: vec![2],
        created_at: at(20),
        ..factor(&first.owner)
    };
    nodes.commit(&[factor_put(&second)]).await;
    let rule = "a new factor replaces one that is not active";
    assert_same(find(&nodes, &first.owner).await, &second, rule);
    let refused = nodes.refusal(activated(&first, 100, 30)).await;
    assert_eq!(refused, Conflict::NotFound, "{rule}: the first is gone");
    assert_same(find(&nodes, &other.owner).await, &other, "others' stay");
}

async fn an_active_one_stays(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let first = active_factor(&alice);
    nodes.commit(&[factor_put(&first)]).await;
    let rule = "a factor that is active is not replaced";
    for second in [factor(&alice), active_factor(&alice), first.clone()] {
        let refused = nodes.refusal(factor_put(&second)).await;
        assert_eq!(refused, Conflict::FactorActive, "{rule}");
        assert_same(find(&nodes, &alice).await, &first, rule);
    }
    let second = factor(&alice);
    nodes
        .commit(&[factor_deleted(&alice), factor_put(&second)])
        .await;
    let rule = "once it has gone there is room";
    assert_same(find(&nodes, &alice).await, &second, rule);
}

async fn a_factor_is_activated_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let first = factor(&alice);
    nodes.commit(&[factor_put(&first)]).await;
    let twice = [activated(&first, 100, 30), activated(&first, 101, 31)];
    let refused = nodes.conflict(&twice).await;
    let rule = "a factor is activated once";
    assert_eq!(refused, (1, Conflict::FactorActive), "{rule}");
    assert_same(find(&nodes, &alice).await, &first, "nothing was changed");

    nodes.commit(&twice[..1]).await;
    let active = Factor {
        last_step: Some(100),
        activated_at: Some(at(30)),
        ..first
    };
    assert_same(find(&nodes, &alice).await, &active, "it is asked for now");
    let refused = nodes.refusal(twice[1].clone()).await;
    assert_eq!(refused, Conflict::FactorActive, "{rule}");
    assert_same(find(&nodes, &alice).await, &active, "nothing was changed");
}

async fn only_ones_own_is_activated(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, other) = (factor(&alice.reference()), factor(&bob.reference()));
    nodes.commit(&[factor_put(&own), factor_put(&other)]).await;
    let of = |owner: &UserRef, factor: &Factor| Factor {
        owner: owner.clone(),
        ..factor.clone()
    };
    let wrong = [
        factor(&own.owner),
        of(&other.owner, &own),
        of(&rows::namesake(&own.owner), &own),
        of(&rows::stranger(), &own),
    ];
    for wrong in wrong {
        let refused = nodes.refusal(activated(&wrong, 100, 30)).await;
        let rule = "only this user's own factor is activated, by its id";
        assert_eq!(refused, Conflict::NotFound, "{rule}");
    }
    for factor in [&own, &other] {
        let found = find(&nodes, &factor.owner).await;
        assert_same(found, factor, "nothing was changed");
    }
}

/// AC-O2.
async fn a_step_is_used_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut now = factor(&alice);
    let begin = [factor_put(&now), activated(&now, 100, 30)];
    nodes.commit(&begin).await;
    (now.last_step, now.activated_at) = (Some(100), Some(at(30)));
    let rule = "a code is good for once, and no earlier one is good after it";
    for (step, old) in [(101, 100), (500, 101), (501, 499)] {
        for old in [old, 99, 0] {
            let refused = nodes.refusal(step_used(&now, old)).await;
            assert_eq!(refused, Conflict::Changed, "{rule}");
        }
        let twice = [step_used(&now, step), step_used(&now, step)];
        let refused = nodes.conflict(&twice).await;
        assert_eq!(refused, (1, Conflict::Changed), "{rule}");
        assert_same(find(&nodes, &alice).await, &now, "nothing was changed");
        nodes.commit(&twice[..1]).await;
        now.last_step = Some(step);
        assert_same(find(&nodes, &alice).await, &now, "a use is remembered");
    }
}

async fn only_an_active_one_has_steps(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, other) = (factor(&alice.reference()), active_factor(&bob.reference()));
    nodes.commit(&[factor_put(&own), factor_put(&other)]).await;
    let of = |owner: &UserRef| Factor {
        owner: owner.clone(),
        ..other.clone()
    };
    let wrong = [
        own.clone(),
        factor(&other.owner),
        of(&own.owner),
        of(&rows::namesake(&other.owner)),
        of(&rows::stranger()),
    ];
    for wrong in wrong {
        for step in [200, 1] {
            let refused = nodes.refusal(step_used(&wrong, step)).await;
            let rule = "codes are of a factor that is active, and its owner's";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
    }
    for factor in [&own, &other] {
        let found = find(&nodes, &factor.owner).await;
        assert_same(found, factor, "nothing was changed");
    }
    let carol = nodes.user("carol").await.reference();
    let unused = Factor {
        last_step: None,
        ..active_factor(&carol)
    };
    nodes
        .commit(&[factor_put(&unused), step_used(&unused, 0)])
        .await;
    let found = find(&nodes, &carol).await.and_then(|one| one.last_step);
    assert_eq!(found, Some(0), "where none was used, any is good");
}

async fn a_factor_is_sealed_anew(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut now = active_factor(&alice);
    nodes.commit(&[factor_put(&now)]).await;
    let resealed = |step: u64, sealed: &[u8]| Change::UseStep {
        owner: alice.clone(),
        id: now.id,
        step,
        resealed: Some(sealed.to_vec()),
    };
    let refused = nodes.refusal(resealed(100, &[9])).await;
    assert_eq!(refused, Conflict::Changed, "a step is used once");
    assert_same(find(&nodes, &alice).await, &now, "nothing was changed");
    let uses = [(101, &[0, 0xff, 0][..]), (102, &[])].map(|(step, sealed)| {
        let change = resealed(step, sealed);
        (change, step, sealed)
    });
    for (change, step, sealed) in uses {
        nodes.commit(&[change]).await;
        (now.last_step, now.sealed) = (Some(step), sealed.to_vec());
        let rule = "what is sealed anew is kept instead";
        assert_same(find(&nodes, &alice).await, &now, rule);
    }
}

async fn a_factor_goes_with_its_codes(nodes: Nodes) {
    let makes: [fn(&UserRef) -> Factor; 2] = [factor, active_factor];
    let bob = nodes.user("bob").await.reference();
    let others = active_factor(&bob);
    let theirs = [factor_put(&others), rows::codes_put(&bob, &[rows::code()])];
    nodes.commit(&theirs).await;
    for (number, make) in makes.into_iter().enumerate() {
        let alice = nodes.user(&format!("alice-{number}")).await.reference();
        let codes = [rows::code(), rows::code()];
        let refused = nodes.refusal(factor_deleted(&alice)).await;
        assert_eq!(refused, Conflict::NotFound, "what is not there goes not");
        let begin = [factor_put(&make(&alice)), rows::codes_put(&alice, &codes)];
        nodes.commit(&begin).await;
        let refused = nodes.refusal(factor_deleted(&rows::namesake(&alice))).await;
        assert_eq!(refused, Conflict::NotFound, "a factor is one user's");
        let twice = [factor_deleted(&alice), factor_deleted(&alice)];
        let refused = nodes.conflict(&twice).await;
        assert_eq!(refused, (1, Conflict::NotFound), "a factor goes once");
        assert_eq!(codes_left(&nodes, &alice).await, 2, "nothing was changed");

        nodes.commit(&twice[..1]).await;
        assert_eq!(find(&nodes, &alice).await, None, "it is gone");
        let rule = "recovery codes go with the factor";
        assert_eq!(codes_left(&nodes, &alice).await, 0, "{rule}");
        let refused = nodes.refusal(rows::code_taken(&alice, &codes)).await;
        assert_eq!(refused, Conflict::NotFound, "{rule}");
    }
    assert_same(find(&nodes, &bob).await, &others, "others' stay");
    assert_eq!(codes_left(&nodes, &bob).await, 1, "others' codes stay");
}
