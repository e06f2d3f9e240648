//! Players and their sessions.

use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};
use uuid::Uuid;

/// The cities that players come from; each has a board of its own.
pub const CITIES: [&str; 12] = [
    "Amsterdam",
    "Berlin",
    "Chicago",
    "Lagos",
    "London",
    "Mexico City",
    "Mumbai",
    "New York",
    "Paris",
    "São Paulo",
    "Seoul",
    "Tokyo",
];

/// Who wants to take part.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// How the player is shown, and signs in: letters, digits, `_` and `-`. Case makes no difference between two names.
    #[schema(min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9_-]{3,32}$", example = "ada")]
    pub name: String,
    /// What only the player knows; its length is counted in characters.
    #[schema(min_length = 10, max_length = 128, format = Password)]
    pub password: String,
    /// One of the cities that `GET /api/cities` lists.
    #[schema(schema_with = city)]
    pub city: String,
}

fn city() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(CITIES)).build()
}

/// Who comes back.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The name that the player signed up with.
    #[schema(min_length = 1, max_length = 128, example = "ada")]
    pub name: String,
    /// The password.
    #[schema(min_length = 1, max_length = 512, format = Password)]
    pub password: String,
}

/// A player, as the player sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Player {
    /// Which player.
    pub id: Uuid,
    /// How the player is shown.
    pub name: String,
    /// Whose board the player is on, beside the global one.
    pub city: String,
    /// What the player may do.
    pub role: Role,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes part.
    Player,
    /// Sees and stops the runs of all, and empties caches.
    Admin,
}

/// Somebody who is signed in. The refresh token comes beside it, in a cookie that scripts cannot read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// To be sent as `Authorization: Bearer ...`. Keep it in memory alone.
    pub access_token: String,
    /// How long it is good for.
    pub expires_in_s: u32,
    /// Who is signed in.
    pub player: Player,
}

/// Passwords and tokens are not shown.
macro_rules! hidden {
    ($($of:ident: $shown:ident),*) => { $(
        impl std::fmt::Debug for $of {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($of)).field(stringify!($shown), &self.$shown).finish_non_exhaustive()
            }
        }
    )* };
}

hidden!(SignUp: name, SignIn: name, Session: player);
