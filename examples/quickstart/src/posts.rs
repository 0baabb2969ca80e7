//! The resource that is protected: posts, in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use portcullis::AuthUser;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Post {
    id: u64,
    title: String,
    body: String,
    author: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPost {
    title: String,
    body: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct PostList {
    posts: Vec<Post>,
}

/// All posts, the newest last; at most a thousand, so that a demo left alone does not grow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Posts {
    inner: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    posts: Vec<Post>,
    last_id: u64,
}

const MOST_POSTS: usize = 1000;

impl Posts {
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn list(State(posts): State<Posts>) -> Json<PostList> {
    Json(PostList {
        posts: posts.lock().posts.clone(),
    })
}

pub(crate) async fn create(
    State(posts): State<Posts>,
    user: AuthUser,
    Json(new): Json<NewPost>,
) -> (StatusCode, Json<Post>) {
    let mut shelf = posts.lock();
    shelf.last_id += 1;
    let post = Post {
        id: shelf.last_id,
        title: new.title,
        body: new.body,
        author: user.id().to_owned(),
    };
    if shelf.posts.len() == MOST_POSTS {
        shelf.posts.remove(0);
    }
    shelf.posts.push(post.clone());
    (StatusCode::CREATED, Json(post))
}

pub(crate) async fn delete(State(posts): State<Posts>, Path(id): Path<u64>) -> StatusCode {
    let mut shelf = posts.lock();
    let before = shelf.posts.len();
    shelf.posts.retain(|post| post.id != id);
    match shelf.posts.len() == before {
        true => StatusCode::NOT_FOUND,
        false => StatusCode::NO_CONTENT,
    }
}
