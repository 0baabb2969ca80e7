//! The resource that is protected: posts, in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use portcullis::{AuthUser, Denial};
use serde::{Deserialize, Serialize};

use crate::body::Body;

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
    /// There is a post to look at, and to delete, from the start.
    pub(crate) fn with_a_first_one() -> Self {
        let posts = Self::default();
        let first = NewPost {
            title: "Welcome".to_owned(),
            body: "Whoever may `read` sees this.".to_owned(),
        };
        posts.lock().put(first, "portcullis");
        posts
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn put(&mut self, new: NewPost, author: &str) -> Post {
        self.last_id += 1;
        let post = Post {
            id: self.last_id,
            title: new.title,
            body: new.body,
            author: author.to_owned(),
        };
        if self.posts.len() == MOST_POSTS {
            self.posts.remove(0);
        }
        self.posts.push(post.clone());
        post
    }
}

/// `GET /api/posts`
pub(crate) async fn list(State(posts): State<Posts>) -> Json<PostList> {
    Json(PostList {
        posts: posts.lock().posts.clone(),
    })
}

/// `POST /api/posts`
pub(crate) async fn create(
    State(posts): State<Posts>,
    user: AuthUser,
    Body(new): Body<NewPost>,
) -> (StatusCode, Json<Post>) {
    let post = posts.lock().put(new, user.id());
    (StatusCode::CREATED, Json(post))
}

/// `DELETE /api/posts/{id}`
pub(crate) async fn delete(
    State(posts): State<Posts>,
    Path(id): Path<String>,
) -> Result<StatusCode, Denial> {
    let mut shelf = posts.lock();
    let place = shelf
        .posts
        .iter()
        .position(|post| post.id.to_string() == id);
    let place = place.ok_or_else(|| Denial::new(StatusCode::NOT_FOUND, "not_found"))?;
    shelf.posts.remove(place);
    Ok(StatusCode::NO_CONTENT)
}
