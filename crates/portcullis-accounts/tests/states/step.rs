//! Steps, of which any sequence may be taken.

use proptest::prelude::*;

use crate::world::USERS;

/// One step. Numbers choose among what there is.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Login { user: usize, by_cookie: bool },
    Wrong { user: usize },
    Refresh { login: usize },
    RefreshParent { login: usize },
    RefreshOldest { login: usize },
    Logout { login: usize },
    LogoutToken { login: usize },
    LogoutAll { login: usize, keep: bool },
    Revoke { login: usize, other: usize },
    ChangePassword { login: usize },
    Reset { user: usize },
    Reauthenticate { login: usize },
    Ban { user: usize },
    Unban { user: usize },
    Roles { user: usize },
    Delete { user: usize },
    Wait { seconds: u64 },
    Purge,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..1_000_usize;
    let user = 0..USERS;
    let step = prop_oneof![
        8 => (user.clone(), any::<bool>()).prop_map(|(user, by_cookie)| Step::Login { user, by_cookie }),
        1 => user.clone().prop_map(|user| Step::Wrong { user }),
        5 => which.clone().prop_map(|login| Step::Refresh { login }),
        2 => which.clone().prop_map(|login| Step::RefreshParent { login }),
        1 => which.clone().prop_map(|login| Step::RefreshOldest { login }),
        2 => which.clone().prop_map(|login| Step::Logout { login }),
        1 => which.clone().prop_map(|login| Step::LogoutToken { login }),
        2 => (which.clone(), any::<bool>()).prop_map(|(login, keep)| Step::LogoutAll { login, keep }),
        2 => (which.clone(), which.clone()).prop_map(|(login, other)| Step::Revoke { login, other }),
        2 => which.clone().prop_map(|login| Step::ChangePassword { login }),
        1 => user.clone().prop_map(|user| Step::Reset { user }),
        2 => which.clone().prop_map(|login| Step::Reauthenticate { login }),
        1 => user.clone().prop_map(|user| Step::Ban { user }),
        2 => user.clone().prop_map(|user| Step::Unban { user }),
        1 => user.clone().prop_map(|user| Step::Roles { user }),
        1 => user.prop_map(|user| Step::Delete { user }),
        3 => prop_oneof![0..5_u64, 11..120_u64, 1000..4000_u64].prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Purge),
    ];
    prop::collection::vec(step, 1..30)
}
