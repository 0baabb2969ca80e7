use std::future::Future;

use portcullis_accounts::User;
use portcullis_accounts::store::{Change, Conflict};

use super::users::{assert_same, insert};
use super::{Nodes, rows};

super::cases![
    a_role_that_is_held_is_no_conflict,
    the_last_holder_stays,
    it_is_asked_after_all_changes,
    a_banned_holder_does_not_count,
    another_collections_holder_does_not_count,
];

pub(super) fn admin(collection: &str, name: &str) -> User {
    User {
        roles: ["user", "admin"].map(String::from).to_vec(),
        ..rows::user(collection, &format!("{name}@example.com"))
    }
}

pub(super) fn require_admin() -> Change {
    Change::RequireRoleHeld {
        collection: String::from("users"),
        role: String::from("admin"),
    }
}

pub(super) fn demoted(user: &User) -> Change {
    let mut update = rows::update(user);
    update.roles = Some(vec![String::from("user")]);
    rows::updated(update)
}

pub(super) fn banned(user: &User) -> Change {
    let mut update = rows::update(user);
    update.banned_at = Some(Some(rows::at(400)));
    rows::updated(update)
}

async fn a_role_that_is_held_is_no_conflict(nodes: Nodes) {
    let nobody = nodes.refusal(require_admin()).await;
    assert_eq!(nobody, Conflict::RoleUnheld, "nobody is there");
    nodes.user("alice").await;
    let nobody = nodes.refusal(require_admin()).await;
    assert_eq!(nobody, Conflict::RoleUnheld, "nobody holds the role");
    let (ann, ben) = (admin("users", "ann"), admin("users", "ben"));
    nodes.commit(&[insert(&ann), insert(&ben)]).await;
    nodes.commit(&[require_admin(), require_admin()]).await;
    nodes.commit(&[demoted(&ben), require_admin()]).await;
    nodes
        .commit(&[Change::DeleteUser(ben.reference()), require_admin()])
        .await;
}

async fn the_last_holder_stays(nodes: Nodes) {
    let ann = admin("users", "ann");
    nodes.commit(&[insert(&ann), require_admin()]).await;
    for end in [
        demoted(&ann),
        banned(&ann),
        Change::DeleteUser(ann.reference()),
    ] {
        let refused = nodes.conflict(&[end, require_admin()]).await;
        assert_eq!(
            refused,
            (1, Conflict::RoleUnheld),
            "the last holder of a role cannot go where it must be held"
        );
        assert_same(
            nodes.find(&ann.reference()).await,
            &ann,
            "nothing was changed",
        );
    }
}

async fn it_is_asked_after_all_changes(nodes: Nodes) {
    let (ann, ben) = (admin("users", "ann"), admin("users", "ben"));
    nodes.commit(&[insert(&ann)]).await;
    let refused = nodes.conflict(&[require_admin(), demoted(&ann)]).await;
    assert_eq!(
        refused,
        (0, Conflict::RoleUnheld),
        "whether a role is held is asked after all changes, wherever the question stands"
    );
    nodes
        .commit(&[require_admin(), demoted(&ann), insert(&ben)])
        .await;
    nodes.commit(&[Change::DeleteUser(ben.reference())]).await;
}

async fn a_banned_holder_does_not_count(nodes: Nodes) {
    let (ann, ben) = (admin("users", "ann"), admin("users", "ben"));
    nodes
        .commit(&[insert(&ann), insert(&ben), banned(&ben)])
        .await;
    let refused = nodes.conflict(&[demoted(&ann), require_admin()]).await;
    assert_eq!(
        refused,
        (1, Conflict::RoleUnheld),
        "who is banned holds no role"
    );
    let mut unbanned = rows::update(&ben);
    unbanned.banned_at = Some(None);
    nodes
        .commit(&[demoted(&ann), rows::updated(unbanned), require_admin()])
        .await;
}

async fn another_collections_holder_does_not_count(nodes: Nodes) {
    let (ann, other) = (admin("users", "ann"), admin("customers", "other"));
    nodes.commit(&[insert(&ann), insert(&other)]).await;
    let refused = nodes.conflict(&[demoted(&ann), require_admin()]).await;
    assert_eq!(
        refused,
        (1, Conflict::RoleUnheld),
        "a role is held in its collection"
    );
}
