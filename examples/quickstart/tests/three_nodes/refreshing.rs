//! Refresh tokens that are presented at all nodes at once.

use crate::at_once::at_once;
use crate::http::{Answer, By};
use crate::world::{World, eventually};

/// How an ended family refuses: the first who presents an old token is told so, whoever comes later finds no family.
const ENDED: [&str; 3] = ["refresh_reused", "refresh_expired", "refresh_invalid"];

/// AC-R3: whichever node is quicker, there is one next token.
pub(crate) fn at_once_gives_one_next_token(world: &World) {
    let mut token = world
        .somebody()
        .register("dee@example.com")
        .text("refreshToken");
    for _ in 0..15 {
        let answers = at_once(2, |node| world.somebody_on(node).refresh(&token).of(200));
        let mut next: Vec<_> = answers
            .iter()
            .map(|answer| answer.text("refreshToken"))
            .collect();
        next.sort();
        next.dedup();
        assert_eq!(next.len(), 1, "a family never has two ends");
        assert_ne!(next[0], token);
        token = next.remove(0);
    }
    world.somebody().refresh(&token).of(200);
}

/// AC-R1: who presents the newest token at the same moment wins nothing by it.
pub(crate) fn an_old_token_ends_the_family_everywhere(world: &World) {
    world.somebody().register("fay@example.com");
    for round in 0..4 {
        let first = world.somebody().log_in("fay@example.com").of(200);
        let old = first.text("refreshToken");
        let second = world.somebody().refresh(&old).of(200).text("refreshToken");
        let third = world.somebody().refresh(&second).of(200);
        let newest = third.text("refreshToken");
        let answers = at_once(2, |node| {
            let is_thief = node == round % 3;
            let token = if is_thief { &old } else { &newest };
            world.somebody_on(node).refresh(token)
        });
        for answer in &answers {
            assert!(answer.status == 200 || is_of_an_end(answer), "{answer:?}");
        }
        let refused = |answer: &&Answer| answer.body["code"] == "refresh_reused";
        assert!(answers.iter().any(|answer| refused(&answer)), "{answers:?}");
        let tokens = [&first, &third].map(Answer::token);
        let given = answers.iter().filter(|answer| answer.status == 200);
        let all = given.map(|answer| answer.text("refreshToken"));
        for token in all.chain([newest]) {
            ended_everywhere(world, &token, &tokens);
        }
    }
}

/// Neither the refresh token nor what it gave opens anything at any node.
pub(crate) fn ended_everywhere(world: &World, refresh: &str, tokens: &[String]) {
    for node in 0..3 {
        let answer = world.somebody_on(node).refresh(refresh);
        assert!(is_of_an_end(&answer), "{answer:?}");
        for token in tokens {
            eventually("the login is over", || {
                world.somebody_on(node).me(By::Token(token)) == 401
            });
        }
    }
}

fn is_of_an_end(answer: &Answer) -> bool {
    let code = answer.body["code"].as_str().unwrap_or_default();
    answer.status == 401 && ENDED.contains(&code)
}
