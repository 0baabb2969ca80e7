use std::collections::HashSet;
use std::future::Future;

use portcullis_accounts::store::{Change, CommitError, Conflict};
use portcullis_accounts::{EmailAddress, Family, LinkPurpose, User};

use super::contest::{at_once, commit_all, on};
use super::families::{find, live};
use super::family_ends::{all_ended, written};
use super::roles::{admin, banned, demoted, require_admin};
use super::rows::{HOUR, at, family, key, link, rotated};
use super::snapshot::revocations;
use super::users::insert;
use super::{Nodes, rows};

super::cases![
    one_rotation_of_fifty,
    one_taking_of_a_hundred,
    keys_within_their_bound,
    one_admin_of_two_stays,
    one_account_of_fifty,
    one_address_of_twenty,
    one_first_account_of_twenty,
    one_update_of_twenty,
    each_mail_to_one_worker,
    the_latest_use_of_a_key,
    an_end_against_rotations,
    a_deletion_against_what_is_added,
    crossing_commits_end,
    purges_share_the_work,
];

/// AC-R3.
async fn one_rotation_of_fifty(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let family = family(&alice);
    nodes.commit(&[rows::inserted(&family)]).await;
    for generation in 0..4 {
        let event = || rows::recorded(&rows::event_at(&alice, 20));
        let commits = (0..50).map(|_| vec![event(), rotated(&family, generation, 20)]);
        let rule = "of fifty rotations of one generation one is made";
        commit_all(&nodes, commits)
            .await
            .assert_made(1, Conflict::Changed, rule);
        let now = find(&nodes, &family).await.map(|family| family.generation);
        assert_eq!(now, Some(generation + 1), "{rule}, and counted once");
    }
    let events = nodes.b.events(&super::audit::all("users")).await;
    let written = events.expect("a store answers").len();
    assert_eq!(written, 4, "those that were not made have written nothing");
}

/// AC-Z1, AC-V4.
async fn one_taking_of_a_hundred(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for purpose in LinkPurpose::ALL {
        let link = link(&alice, purpose);
        nodes.commit(&[rows::linked(&link)]).await;
        let commits = (0..100).map(|_| vec![rows::taken(&link, 20)]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of a hundred who take one link one succeeds";
        outcomes.assert_made(1, Conflict::NotFound, rule);
    }
}

async fn keys_within_their_bound(nodes: Nodes) {
    for at_most in [1, 5] {
        let user = nodes.user(&format!("user-{at_most}")).await.reference();
        let commits = (0..50).map(|_| vec![rows::added_within(&key(&user), at_most)]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = format!("of fifty keys at once {at_most} are within the bound");
        outcomes.assert_made(at_most as usize, Conflict::LimitReached, &rule);
        let keys = nodes.b.keys(&user).await.expect("a store answers");
        assert_eq!(keys.len(), at_most as usize, "{rule}");
    }
}

/// AC-B8.
async fn one_admin_of_two_stays(nodes: Nodes) {
    let ends: [fn(&User) -> Change; 3] =
        [demoted, banned, |user| Change::DeleteUser(user.reference())];
    for round in 0..20 {
        let (ann, ben) = (admin("users", "ann"), admin("users", "ben"));
        nodes.commit(&[insert(&ann), insert(&ben)]).await;
        let end = ends[round % ends.len()];
        let commits = [&ann, &ben].map(|user| vec![end(user), require_admin()]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of two admins who remove each other one stays";
        outcomes.assert_made(1, Conflict::RoleUnheld, rule);
        nodes.commit(&[require_admin()]).await;
        for user in [ann, ben] {
            if nodes.find(&user.reference()).await.is_some() {
                nodes.commit(&[Change::DeleteUser(user.reference())]).await;
            }
        }
    }
}

async fn one_account_of_fifty(nodes: Nodes) {
    for round in 0..4 {
        let address = format!("alice-{round}@example.com");
        let users: Vec<_> = (0..50).map(|_| rows::user("users", &address)).collect();
        let commits = users.iter().map(|user| {
            let event = rows::event_at(&user.reference(), 5);
            vec![insert(user), rows::recorded(&event)]
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of fifty who register one address one succeeds";
        outcomes.assert_made(1, Conflict::EmailTaken, rule);
        let winner = outcomes.all.iter().position(Result::is_ok);
        let found = nodes.find_by_email("users", &address).await;
        let winner = winner.map(|winner| users[winner].id);
        assert_eq!(found.map(|user| user.id), winner, "{rule}: who was told so");
    }
    let users = nodes.b.users(&super::pages::all_users("users")).await;
    assert_eq!(
        users.expect("a store answers").len(),
        4,
        "nothing is left of the others"
    );
}

/// AC-E5.
async fn one_address_of_twenty(nodes: Nodes) {
    let mut commits = Vec::new();
    for number in 0..20 {
        let user = nodes.user(&format!("user-{number}")).await;
        let mut update = rows::update(&user);
        update.email = Some(EmailAddress::from_parts("new@x", "new@example.com"));
        commits.push(vec![rows::updated(update)]);
    }
    let outcomes = commit_all(&nodes, commits).await;
    let rule = "of twenty who change to one address one succeeds";
    outcomes.assert_made(1, Conflict::EmailTaken, rule);
}

async fn one_first_account_of_twenty(nodes: Nodes) {
    for round in 0..4 {
        let collection = format!("collection-{round}");
        let commits = (0..20).map(|number| {
            let user = rows::user(&collection, &format!("user-{number}@example.com"));
            vec![Change::InsertFirstUser(Box::new(user))]
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of twenty first accounts one is the first";
        outcomes.assert_made(1, Conflict::Changed, rule);
        let query = super::pages::all_users(&collection);
        let users = nodes.b.users(&query).await.expect("a store answers");
        assert_eq!(users.len(), 1, "{rule}");
    }
}

async fn one_update_of_twenty(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    for round in 0..4 {
        let stamp = |round: usize| format!("round-{round}");
        let before = nodes.find(&alice.reference()).await;
        let before = before.expect("she was put in");
        let commits = (0..20).map(|_| {
            let mut update = rows::update(&alice);
            match round % 2 {
                0 => update.if_stamp = Some(before.stamp.clone()),
                _ => update.if_updated_at = Some(before.updated_at),
            }
            update.stamp = Some(stamp(round));
            vec![rows::updated(update)]
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of twenty updates on one condition one is made";
        outcomes.assert_made(1, Conflict::Changed, rule);
    }
}

async fn each_mail_to_one_worker(nodes: Nodes) {
    for _ in 0..5 {
        share_out_mail(&nodes).await;
    }
}

/// Mails that are queued now; what was claimed before stays so.
async fn share_out_mail(nodes: &Nodes) {
    let mails: Vec<_> = (0..60).map(rows::mail_at).collect();
    let queued: Vec<_> = mails.iter().map(rows::queued).collect();
    nodes.commit(&queued).await;
    let tasks = (0..12).map(|number| {
        on(nodes, number, |store| async move {
            let mut claimed = Vec::new();
            loop {
                let some = store.claim_mail(at(100), at(200), 3).await;
                let some = some.expect("a store answers");
                if some.is_empty() {
                    return claimed;
                }
                claimed.extend(some.into_iter().map(|mail| mail.id));
            }
        })
    });
    let mut claimed: Vec<_> = at_once(tasks.collect()).await.concat();
    // Who finds only what others are just taking may stop early.
    let rest = nodes.a.claim_mail(at(100), at(200), 100).await;
    claimed.extend(rest.expect("a store answers").iter().map(|mail| mail.id));
    let different: HashSet<_> = claimed.iter().collect();
    assert_eq!(
        different.len(),
        claimed.len(),
        "no mail is given to two workers"
    );
    assert_eq!(claimed.len(), mails.len(), "each is given to one");
}

async fn the_latest_use_of_a_key(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let keys = [key(&alice), key(&alice), key(&alice)];
    super::keys::insert(&nodes, &keys.each_ref()).await;
    let ids = keys.each_ref().map(|key| key.id);
    let tasks = (0..20).map(|number: i64| {
        on(
            &nodes,
            usize::try_from(number).unwrap_or_default(),
            move |store| async move {
                let mut uses = ids.map(|id| (id, at(100 + number), None));
                if number % 2 == 1 {
                    uses.reverse();
                }
                store.note_use(&uses).await
            },
        )
    });
    for noted in at_once(tasks.collect()).await {
        noted.expect("a store notes uses, in whatever order they come");
    }
    for key in super::keys::list(&nodes, &alice).await {
        assert_eq!(
            key.last_used_at,
            Some(at(119)),
            "the latest of many uses counts"
        );
    }
}

/// AC-S8, AC-R1: whatever the order, a family that was ended is gone, and revoked.
async fn an_end_against_rotations(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut ended: Vec<Family> = Vec::new();
    for round in 0..20 {
        let family = family(&alice);
        nodes.commit(&[rows::inserted(&family)]).await;
        let mut commits: Vec<_> = (0..6).map(|_| vec![rotated(&family, 0, 20)]).collect();
        commits.insert(round % 6, vec![all_ended(&alice, None)]);
        let outcomes = commit_all(&nodes, commits).await;
        assert!(outcomes.all[round % 6].is_ok(), "an end is not refused");
        assert_eq!(
            find(&nodes, &family).await,
            None,
            "no rotation brings it back"
        );
        assert!(
            live(&nodes, &family, 20).await.is_empty(),
            "nor is it listed"
        );
        ended.push(family);
    }
    assert_eq!(
        revocations(&nodes).await,
        written(&ended),
        "each end is revoked"
    );
}

async fn a_deletion_against_what_is_added(nodes: Nodes) {
    for round in 0..20 {
        let alice = nodes.user("alice").await.reference();
        let (family, link) = (family(&alice), link(&alice, LinkPurpose::Unlock));
        let additions = [
            rows::inserted(&family),
            rows::linked(&link),
            rows::added(&key(&alice)),
        ];
        let mut commits = additions.map(|change| vec![change]).to_vec();
        commits.insert(round % 4, vec![Change::DeleteUser(alice.clone())]);
        let outcomes = commit_all(&nodes, commits).await;
        for (number, outcome) in outcomes.all.iter().enumerate() {
            let conflict = outcome.as_ref().err().map(CommitError::conflict);
            let is_fine = match conflict {
                None => true,
                Some(conflict) => number != round % 4 && conflict == Some(Conflict::NotFound),
            };
            assert!(is_fine, "who comes late finds no owner: {outcome:?}");
        }
        assert_eq!(
            find(&nodes, &family).await,
            None,
            "nothing outlives its owner"
        );
        let link = nodes.b.link(link.id).await.expect("a store answers");
        assert_eq!(link, None, "nothing outlives its owner");
        let keys = nodes.b.keys(&alice).await.expect("a store answers");
        assert!(keys.is_empty(), "nothing outlives its owner");
    }
}

/// Commits that touch the same rows in opposite orders do not wait for each other for ever, and none is given up.
async fn crossing_commits_end(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let touched = |user: &User| rows::updated(rows::update(user));
    let logged_in = |user: &User| rows::inserted(&family(&user.reference()));
    for _ in 0..5 {
        let commits = (0..20).map(|number| {
            let (one, other) = match number % 2 {
                0 => (&alice, &bob),
                _ => (&bob, &alice),
            };
            vec![
                touched(one),
                logged_in(other),
                touched(other),
                logged_in(one),
                all_ended(&one.reference(), None),
                rows::added(&key(&other.reference())),
            ]
        });
        let outcomes = commit_all(&nodes, commits).await;
        outcomes.assert_all_made("commits that cross are all made");
    }
    for user in [&alice, &bob] {
        let keys = nodes
            .b
            .keys(&user.reference())
            .await
            .expect("a store answers");
        assert_eq!(keys.len(), 50, "each has left what it wrote");
    }
}

async fn purges_share_the_work(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let families: Vec<_> = (0..40).map(|_| rows::inserted(&family(&alice))).collect();
    nodes.commit(&families).await;
    let tasks = (0..8).map(|number| {
        on(&nodes, number, |store| async move {
            store.purge(at(1000 * HOUR), None, 5).await
        })
    });
    let purged = at_once(tasks.collect()).await;
    let purged: u64 = purged
        .into_iter()
        .map(|went| went.expect("a store purges"))
        .sum();
    let rest = nodes.a.purge(at(1000 * HOUR), None, 1000).await;
    assert_eq!(
        purged + rest.expect("a store purges"),
        40,
        "each row is purged by one of many who purge at once"
    );
}
