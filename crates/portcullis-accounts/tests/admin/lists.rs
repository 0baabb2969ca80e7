//! Users are listed.

use std::time::Duration;

use portcullis_accounts::{ListUsers, NewUser};
use serde_json::Value;

use crate::common::code;
use crate::open;
use crate::people::{application, with_role};

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    for number in 0..120 {
        h.wait(Duration::from_millis(1));
        let new = NewUser::new(format!("Person{number}@Example.com"));
        application(&h).create_user(new).await.unwrap();
    }
    let list = async |page: ListUsers| h.users().list_users(&root.caller, page).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = list(ListUsers {
            cursor,
            ..ListUsers::default()
        })
        .await
        .unwrap();
        assert!(page.users.len() <= 50);
        seen.extend(page.users.into_iter().map(|user| user.id));
        cursor = page.next_cursor;
        pages += 1;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (121, 3));
    assert!(seen.is_sorted(), "in the order in which they came to be");
    let of = async |limit, q: Option<&str>| {
        let page = ListUsers {
            cursor: None,
            limit,
            q: q.map(str::to_owned),
        };
        list(page).await.unwrap().users.len()
    };
    assert_eq!(of(Some(1_000_000), None).await, 121);
    assert_eq!(of(Some(0), None).await, 1);
    assert_eq!(of(None, Some("PERSON11")).await, 11, "11 and 110 to 119");
    assert_eq!(of(None, Some("%")).await, 0, "no wildcards");
    assert_eq!(of(None, Some("")).await, 50);
    for cursor in ["", "x", "../..", "00000000-0000-7000-8000-00000000000G"] {
        let page = ListUsers {
            cursor: Some(cursor.to_owned()),
            ..ListUsers::default()
        };
        assert_eq!(code(list(page).await), "422 invalid_field", "{cursor:?}");
    }
    let exact = list(ListUsers {
        limit: Some(121),
        ..ListUsers::default()
    })
    .await
    .unwrap();
    assert_eq!(
        exact.next_cursor, None,
        "a full page that is the last says so"
    );
    let body = serde_json::to_value(&exact).unwrap();
    assert_eq!(body["nextCursor"], Value::Null);
    assert_eq!(body["users"][0]["email"], "root@example.com");
    assert_eq!(body["users"][0].get("stamp"), None);
}
