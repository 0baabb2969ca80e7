//! Administrators against each other, on a node each.

use portcullis::AuthUser;
use portcullis::accounts::{NewUser, User};

use crate::support::{PASSWORD, Place, World, at_once, log_in, tokens};

/// What an administrator may do to another, or to itself.
const DEEDS: [Deed; 5] = [
    Deed::Demote,
    Deed::Ban,
    Deed::Delete,
    Deed::DemoteSelf,
    Deed::DeleteSelf,
];

#[derive(Debug, Clone, Copy)]
enum Deed {
    Demote,
    Ban,
    Delete,
    DemoteSelf,
    DeleteSelf,
}

/// An administrator, and its id.
#[derive(Debug, Clone)]
struct Admin {
    id: String,
    caller: AuthUser,
}

async fn admin(world: &World, number: usize, name: &str) -> Admin {
    let email = format!("{name}@example.com");
    let users = world.users(number);
    let new = NewUser::new(&email).password(PASSWORD).roles(["admin"]);
    let made = users.as_application().create_user(new.verified()).await;
    let session = log_in(&users, &email).await;
    let caller = world.nodes[number % 2].by_token(tokens(&session).access());
    Admin {
        id: made.unwrap().id.to_string(),
        caller: caller.await.unwrap(),
    }
}

async fn active_admins(world: &World) -> Vec<User> {
    let rows = world.rows().await.into_iter();
    rows.filter(|user| user.has_role("admin") && user.banned_at.is_none())
        .collect()
}

/// AC-B8: whatever two administrators do to each other and themselves, one is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_b8_of_two_administrators_one_is_left() {
    for place in Place::each() {
        let world = World::on(place).await;
        for (round, deeds) in pairs().enumerate() {
            let ada = admin(&world, 0, &format!("ada{round}")).await;
            let bert = admin(&world, 1, &format!("bert{round}")).await;
            retire_others(&world, &[&ada.id, &bert.id]).await;
            assert_eq!(active_admins(&world).await.len(), 2);

            let done = at_once(6, |number| {
                let users = world.users(number);
                let (by, to) = match number % 2 {
                    0 => (ada.clone(), bert.id.clone()),
                    _ => (bert.clone(), ada.id.clone()),
                };
                let deed = deeds[number % 2];
                async move {
                    let own = by.id.as_str();
                    let user = || vec!["user".to_owned()];
                    match deed {
                        Deed::Demote => users.set_roles(&by.caller, &to, user()).await.map(drop),
                        Deed::Ban => users.ban_user(&by.caller, &to).await.map(drop),
                        Deed::Delete => users.delete_user(&by.caller, &to).await,
                        Deed::DemoteSelf => {
                            users.set_roles(&by.caller, own, user()).await.map(drop)
                        }
                        Deed::DeleteSelf => users.delete_account(&by.caller).await,
                    }
                }
            });
            let done = done.await;
            let left = active_admins(&world).await;
            assert_eq!(left.len(), 1, "{deeds:?}: {done:?}");
            assert!(done.iter().any(Result::is_ok), "{deeds:?}: {done:?}");
            for refusal in done.into_iter().filter_map(Result::err) {
                let code = refusal.code().to_owned();
                let expected = ["last_admin", "forbidden", "unauthenticated", "not_found"];
                assert!(expected.contains(&code.as_str()), "{deeds:?}: {code}");
            }
        }
    }
}

fn pairs() -> impl Iterator<Item = [Deed; 2]> {
    DEEDS
        .into_iter()
        .flat_map(|first| DEEDS.map(|second| [first, second]))
}

/// Takes the role from all administrators but these.
async fn retire_others(world: &World, but: &[&str]) {
    for other in active_admins(world).await {
        let id = other.id.to_string();
        if !but.contains(&id.as_str()) {
            let application = world.users(0).as_application();
            application.set_roles(&id, Vec::new()).await.unwrap();
        }
    }
}
