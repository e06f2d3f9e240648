//! Videos as they are listed: the latest first, a page at a time.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LikeExpr, Query},
};
use uuid::Uuid;

use crate::entity::{
    like, player,
    video::{self, State},
};

/// Which videos are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those whose title, or whose player's name, has this in it, whatever its case.
    pub text: Option<String>,
    /// Those of this player.
    pub player: Option<Uuid>,
    /// Those of the player of this name, whatever its case.
    pub player_name: Option<String>,
    /// Those that cannot be watched, too.
    pub all_states: bool,
    /// Those after this one in the list.
    pub after: Option<Uuid>,
}

/// A page of at most this many videos, with their players.
pub async fn page(
    db: &impl ConnectionTrait,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<(video::Model, player::Model)>, DbErr> {
    let mut query = video::Entity::find().filter(video::Column::State.ne(State::Erasing));
    if !wanted.all_states {
        query = query.filter(video::Column::State.eq(State::Ready));
    }
    if let Some(after) = wanted.after {
        query = query.filter(video::Column::Id.lt(after));
    }
    if let Some(player) = wanted.player {
        query = query.filter(video::Column::Player.eq(player));
    }
    if let Some(name) = &wanted.player_name {
        let named = players(Expr::col(player::Column::NameKey).eq(name.to_lowercase()));
        query = query.filter(video::Column::Player.in_subquery(named));
    }
    if let Some(text) = &wanted.text {
        let text = containing(text);
        let titled = Expr::col((video::Entity, video::Column::TitleKey)).like(text.clone());
        let named = players(Expr::col(player::Column::NameKey).like(text));
        query = query.filter(Condition::any().add(titled).add(video::Column::Player.in_subquery(named)));
    }
    let videos = query.order_by_desc(video::Column::Id).limit(limit).all(db).await?;
    let players = authors(db, videos.iter().map(|video| video.player)).await?;
    // Its player is removed with all videos: a video without one was removed after it was read.
    let with_player = |video: video::Model| players.get(&video.player).cloned().map(|player| (video, player));
    Ok(videos.into_iter().filter_map(with_player).collect())
}

fn players(which: Expr) -> sea_orm::sea_query::SelectStatement {
    Query::select().column(player::Column::Id).from(player::Entity).and_where(which).take()
}

/// What matches texts that have this one in them; signs that would match others stand for themselves.
fn containing(text: &str) -> LikeExpr {
    let plain = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{plain}%")).escape('\\')
}

/// These players, by their ids.
pub async fn authors(
    db: &impl ConnectionTrait,
    players: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, player::Model>, DbErr> {
    let ids: HashSet<Uuid> = players.into_iter().collect();
    let found = player::Entity::find().filter(player::Column::Id.is_in(ids)).all(db).await?;
    Ok(found.into_iter().map(|player| (player.id, player)).collect())
}

#[derive(FromQueryResult)]
struct Counted {
    video: Uuid,
    count: i64,
}

/// How many players like each of these videos; those that nobody likes are left out.
pub async fn likes(db: &impl ConnectionTrait, videos: &[Uuid]) -> Result<HashMap<Uuid, u64>, DbErr> {
    let counted = like::Entity::find()
        .select_only()
        .column(like::Column::Video)
        .column_as(like::Column::Player.count(), "count")
        .filter(like::Column::Video.is_in(videos.iter().copied()))
        .group_by(like::Column::Video);
    let counted = counted.into_model::<Counted>().all(db).await?;
    let count = |row: Counted| match u64::try_from(row.count) {
        Ok(count) => Ok((row.video, count)),
        Err(error) => Err(DbErr::Type(format!("a number of likes: {error}"))),
    };
    counted.into_iter().map(count).collect()
}

/// Which of these videos a player likes.
pub async fn liked_by(db: &impl ConnectionTrait, player: Uuid, videos: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    let liked = like::Entity::find().filter(like::Column::Player.eq(player));
    let liked = liked.filter(like::Column::Video.is_in(videos.iter().copied())).all(db).await?;
    Ok(liked.into_iter().map(|row| row.video).collect())
}
