//! AC-B2, AC-B3 and AC-B5: roles, what they come to, and tenants.

use portcullis_core::{
    AuthUser, PermissionSet, RoleMap, ScopeMap, Scopes, Tenant, permission, role,
};
use proptest::prelude::*;

use crate::common::jwt_user;

fn names(set: &PermissionSet) -> Vec<&str> {
    set.iter().collect()
}

#[test]
fn ac_b2_the_built_in_table() {
    let map = RoleMap::default();
    assert_eq!(names(&map.permissions_of("admin")), ["*"]);
    assert_eq!(names(&map.permissions_of("user")), ["read", "write"]);
    assert_eq!(names(&map.permissions_of("guest")), ["read"]);
    assert!(map.permissions_of("stranger").is_empty());
    assert!(map.permissions_of("Admin").is_empty());
    assert!(map.permissions_of("").is_empty());
    assert_eq!(map.roles().collect::<Vec<_>>(), ["admin", "guest", "user"]);
}

#[test]
fn ac_b2_a_role_includes_others_all_the_way_down() {
    let map = RoleMap::builder()
        .role("guest", ["read"])
        .includes("user", "guest")
        .role("user", ["write"])
        .includes("staff", "user")
        .includes("staff", "press")
        .build()
        .unwrap();
    let mut permissions = names(&map.permissions_of("staff"))
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    permissions.sort();
    assert_eq!(permissions, ["read", "write"]);
    assert!(!map.permissions_of("guest").permits("write"));

    let user = jwt_user().role_map(map).roles(["staff"]).build();
    assert!(user.has_role("staff") && user.has_role("user") && user.has_role("guest"));
    assert!(user.has_role("press"), "a role may be a name and no more");
    assert!(!user.has_role("admin"));
    assert!(user.may("read") && user.may("write") && !user.may("delete"));
    assert_eq!(user.roles().collect::<Vec<_>>(), ["staff"]);
}

#[test]
fn ac_b2_circles_are_refused_when_built() {
    let itself = RoleMap::builder().includes("a", "a").build();
    let pair = RoleMap::builder()
        .includes("a", "b")
        .includes("b", "a")
        .build();
    let ring = RoleMap::builder()
        .role("start", ["read"])
        .includes("start", "a")
        .includes("a", "b")
        .includes("b", "c")
        .includes("c", "a")
        .build();
    for circle in [itself, pair, ring] {
        let error = circle.unwrap_err().to_string();
        assert!(
            error.contains("\"a\"") && error.contains("includes itself"),
            "{error}"
        );
    }
}

#[test]
fn ac_b2_a_diamond_is_no_circle_and_many_of_them_cost_little() {
    // 2^40 paths: walking each would not end.
    let mut builder = RoleMap::builder().role("level-40", ["deep"]);
    for level in 0..40 {
        let (here, below) = (format!("level-{level}"), format!("level-{}", level + 1));
        for side in ["left", "right"] {
            let side = format!("{side}-{level}");
            builder = builder.includes(&here, &side).includes(&side, &below);
        }
    }
    let map = builder.build().unwrap();
    assert!(map.permissions_of("level-0").permits("deep"));
}

#[test]
fn a_wrong_permission_in_a_role_is_named() {
    let error = RoleMap::builder()
        .role("editor", ["post*"])
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("\"editor\"") && text.contains("\"post*\""),
        "{text}"
    );
}

#[test]
fn a_role_of_several_words_is_one_role() {
    let map = RoleMap::builder()
        .role("Account", ["accounts:delete"])
        .role("Account Manager", ["accounts:read"])
        .includes("Chief Officer", "Account Manager")
        .build()
        .unwrap();
    for held in ["Account Manager", "Chief Officer"] {
        let user = jwt_user().role_map(map.clone()).roles([held]).build();
        assert!(user.require(&role("Account Manager")).is_ok(), "{held}");
        assert!(user.may("accounts:read"), "{held}");
        assert!(
            !user.has_role("Account") && !user.has_role("Manager"),
            "{held}"
        );
        assert!(!user.may("accounts:delete"), "{held}");
    }
}

#[test]
fn a_separator_within_a_name_from_a_token_makes_no_second_role() {
    for trick in [
        "x\u{1f}admin",
        "\u{1f}admin",
        "x admin",
        "admin\u{1f}",
        "x\nadmin",
        "x,admin",
    ] {
        let user = jwt_user()
            .roles([trick])
            .permissions([trick])
            .amr([trick])
            .build();
        assert!(!user.has_role("admin"), "{trick:?}");
        assert!(!user.may("admin") && !user.may("read"), "{trick:?}");
        assert!(user.amr().all(|method| method != "admin"), "{trick:?}");
    }
}

#[test]
fn ac_b3_effective_permissions_are_those_of_the_user_that_the_credential_reaches() {
    let user = |scopes: Option<&str>| -> AuthUser {
        jwt_user()
            .permissions(["posts:delete"])
            .roles(["user"])
            .scopes(scopes.map(|scopes| scopes.parse().unwrap()))
            .build()
    };
    let unrestricted = user(None);
    assert!(unrestricted.may("read") && unrestricted.may("posts:delete"));
    assert!(!unrestricted.may("admin"));
    assert!(unrestricted.allows("anything"), "not restricted");

    let restricted = user(Some("read posts:*"));
    assert!(restricted.may("read") && restricted.may("posts:delete"));
    assert!(
        !restricted.may("write"),
        "the user may, the credential does not reach it"
    );
    assert!(
        !restricted.may("posts:read"),
        "the credential reaches it, the user may not"
    );

    let greedy = user(Some("* admin"));
    assert!(
        !greedy.may("admin") && !greedy.may("users:delete"),
        "never more than the owner"
    );

    let nothing = user(Some(""));
    assert!(!nothing.may("read") && !nothing.allows("read") && !nothing.allows(""));
    assert_eq!(nothing.scopes(), Some(&Scopes::none()));
}

#[test]
fn ac_k8_a_scope_may_stand_for_others_and_still_gives_no_more_than_the_owner_has() {
    let map = ScopeMap::new().scope("admin", ["*"]).scope("none", []);
    let with = |scopes: &str| {
        jwt_user()
            .roles(["user"])
            .scopes(Some(scopes.parse().unwrap()))
            .scope_map(&map)
            .build()
    };
    assert!(with("admin").allows("write") && with("admin").may("write"));
    assert!(!with("admin").may("users:delete"));
    assert!(!with("write").may("read"), "write does not include read");
    assert!(
        !with("none").allows("none"),
        "a mapped scope stands for nothing else"
    );
    assert!(with("admin").scopes().unwrap().contains("admin"));
    assert!(!with("admin").scopes().unwrap().contains("write"));
}

#[test]
fn ac_b5_a_role_within_a_tenant_counts_there_alone() {
    let (here, there) = (Tenant::new("acme"), Tenant::new("umbrella"));
    let user = jwt_user()
        .roles(["guest"])
        .roles_within(here.clone(), ["admin"])
        .roles_within(there.clone(), ["user"])
        .build();
    assert!(
        !user.has_role("admin") && !user.may("write"),
        "a global check"
    );
    assert!(user.within(&here).has_role("admin") && user.within(&here).may("delete"));
    assert!(
        user.within(&here).has_role("guest"),
        "roles held everywhere count too"
    );
    assert!(user.within(&there).may("write") && !user.within(&there).may("delete"));
    assert!(!user.within(&Tenant::new("ACME")).has_role("admin"));
    assert!(!user.within(&Tenant::new("")).has_role("admin"));
}

#[test]
fn ac_b5_one_tenant_after_another_does_not_add_up() {
    let (here, there) = (Tenant::new("acme"), Tenant::new("umbrella"));
    let user = jwt_user().roles_within(here.clone(), ["admin"]).build();
    let inside = user.within(&here);
    assert!(!inside.within(&there).has_role("admin"));
    assert!(inside.within(&there).within(&here).has_role("admin"));
    assert!(!inside.to_builder().build().has_role("admin"));
    assert!(inside.to_builder().build().within(&here).has_role("admin"));
}

#[test]
fn ac_b5_a_tenants_role_is_held_to_the_credentials_scopes() {
    let tenant = Tenant::new("acme");
    let user = jwt_user()
        .roles_within(tenant.clone(), ["admin"])
        .scopes(Some("read".parse().unwrap()))
        .build()
        .within(&tenant);
    assert!(user.may("read") && !user.may("write"));
    let denial = user.require(&permission("write")).unwrap_err();
    assert_eq!(denial.code(), "insufficient_scope");
}

#[test]
fn ac_b6_who_adds_to_a_user_does_not_change_the_one_that_was() {
    let before = jwt_user().roles(["guest"]).build();
    let after = before
        .to_builder()
        .roles(["user"])
        .permissions(["x"])
        .build();
    assert!(!before.may("write") && !before.may("x"));
    assert!(after.may("write") && after.may("x"));
    assert_eq!(after.id(), before.id());
}

proptest! {
    /// AC-B3 as an equation: may = (direct or by a role) and reached.
    #[test]
    fn ac_b3_holds_for_all_users(
        direct in prop::collection::vec("(a|b|c)(:(a|b|\\*))?", 0..4),
        role in prop::sample::select(vec!["admin", "user", "guest", "other"]),
        scopes in prop::option::of(prop::collection::vec("(a|b|read|write|\\*)(:(a|b|\\*))?", 0..4)),
        asked in "(a|b|c|read|write)(:(a|b|c))?",
    ) {
        let direct: Vec<&str> = direct.iter().map(String::as_str).collect();
        let parsed = scopes.as_ref().map(|names| Scopes::new(names.iter().map(String::as_str)).unwrap());
        let user = jwt_user().permissions(direct.clone()).roles([role]).scopes(parsed).build();

        let owner = PermissionSet::new(direct).unwrap().permits(&asked)
            || RoleMap::default().permissions_of(role).permits(&asked);
        let reached = scopes.is_none_or(|names| {
            PermissionSet::new(names.iter().map(String::as_str)).unwrap().permits(&asked)
        });
        prop_assert_eq!(user.may(&asked), owner && reached);
        prop_assert_eq!(user.allows(&asked), reached);
        prop_assert_eq!(user.require(&permission(&asked)).is_ok(), owner && reached);
    }
}
