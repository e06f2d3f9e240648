//! Who signs up, who is signed in, and which refresh token is good.

use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, SqlErr,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Records,
    entity::{player, session},
};

/// What became of somebody who signs up.
///
/// ```
/// use stagemark_contest_records::SignedUp;
///
/// assert_ne!(SignedUp::Added, SignedUp::NameTaken);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedUp {
    /// There is a new player.
    Added,
    /// Another player has the name, in small letters.
    NameTaken,
}

/// What became of a refresh token that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// It was good, and the next one is now.
    Next(player::Model),
    /// It was used before: somebody has a copy. The session is no more.
    Reused,
    /// There is no such session, or no longer.
    Ended,
}

/// A refresh token that takes the place of another.
///
/// ```
/// use stagemark_contest_records::Rotation;
/// use uuid::Uuid;
///
/// let rotation = Rotation { session: Uuid::now_v7(), shown: vec![1], next: vec![2], now: 1_000, expires_at: 2_000, begun_after: 0 };
/// assert_ne!(rotation.shown, rotation.next);
/// ```
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The session that both name.
    pub session: Uuid,
    /// The hash of the one that was shown.
    pub shown: Vec<u8>,
    /// The hash of the one that takes its place.
    pub next: Vec<u8>,
    /// The time.
    pub now: i64,
    /// Until when the next one is good.
    pub expires_at: i64,
    /// A session that began before is over, however often it was refreshed.
    pub begun_after: i64,
}

impl Records {
    /// Adds a player, if nobody has the name.
    pub async fn sign_up(&self, player: player::Model) -> Result<SignedUp, DbErr> {
        let transaction = self.begin().await?;
        match player.into_active_model().reset_all().insert(&transaction).await {
            Ok(_) => transaction.commit().await.map(|()| SignedUp::Added),
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                transaction.rollback().await.map(|()| SignedUp::NameTaken)
            }
            Err(error) => Err(error),
        }
    }

    /// The player who has this name, in small letters.
    pub async fn player_named(&self, name_key: &str) -> Result<Option<player::Model>, DbErr> {
        player::Entity::find().filter(player::Column::NameKey.eq(name_key)).one(self.reader()).await
    }

    /// Begins a session, and forgets those of the player that are over.
    pub async fn begin_session(&self, session: session::Model) -> Result<(), DbErr> {
        let transaction = self.begin().await?;
        session::Entity::delete_many()
            .filter(session::Column::Player.eq(session.player))
            .filter(session::Column::ExpiresAt.lte(session.created_at))
            .exec(&transaction)
            .await?;
        session.into_active_model().reset_all().insert(&transaction).await?;
        transaction.commit().await
    }

    /// Takes a refresh token for the next one. Of two who show the same one, one gets the next, and the session ends.
    pub async fn rotate(&self, rotation: Rotation) -> Result<Rotated, DbErr> {
        let Rotation { session: id, shown, next, now, expires_at, begun_after } = rotation;
        let transaction = self.begin().await?;
        let taken = session::Entity::update_many()
            .col_expr(session::Column::Token, Expr::value(next))
            .col_expr(session::Column::ExpiresAt, Expr::value(expires_at))
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::Token.eq(shown))
            .filter(session::Column::ExpiresAt.gt(now))
            .filter(session::Column::CreatedAt.gt(begun_after))
            .exec(&transaction)
            .await?;
        let Some(found) = session::Entity::find_by_id(id).one(&transaction).await? else { return Ok(Rotated::Ended) };
        let rotated = if taken.rows_affected == 1 {
            let player = player::Entity::find_by_id(found.player).one(&transaction).await?;
            player.map_or(Rotated::Ended, Rotated::Next)
        } else if found.expires_at > now && found.created_at > begun_after {
            Rotated::Reused
        } else {
            Rotated::Ended
        };
        if !matches!(rotated, Rotated::Next(_)) {
            session::Entity::delete_by_id(id).exec(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(rotated)
    }

    /// Ends a session. Whoever has had one of its tokens may do that.
    pub async fn end_session(&self, id: Uuid) -> Result<(), DbErr> {
        let transaction = self.begin().await?;
        session::Entity::delete_by_id(id).exec(&transaction).await?;
        transaction.commit().await
    }

    /// Makes a player an admin with this password. The sessions that there are end.
    pub async fn make_admin(&self, id: Uuid, password: String) -> Result<(), DbErr> {
        let transaction = self.begin().await?;
        session::Entity::delete_many().filter(session::Column::Player.eq(id)).exec(&transaction).await?;
        player::Entity::update_many()
            .col_expr(player::Column::Password, Expr::value(password))
            .col_expr(player::Column::Role, Expr::value(player::Role::Admin.to_value()))
            .filter(player::Column::Id.eq(id))
            .exec(&transaction)
            .await?;
        transaction.commit().await
    }
}
