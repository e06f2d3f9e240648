//! How often videos are liked and were viewed, and videos as they stand in a list.

use std::{collections::HashMap, num::TryFromIntError};

use sea_orm::{ConnectionTrait, DbErr};
use stagemark_contest_contract::{Author, Moment, VideoCard, VideoState};
use stagemark_contest_records::{
    entity::{player, video},
    events::{self, VideoCounts},
    lists,
};
use uuid::Uuid;

/// Why videos cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The database refused, or is away.
    #[error("the videos cannot be read")]
    Database(#[from] DbErr),
    /// What stands in the database cannot be.
    #[error("the {what} of video {video} cannot be what the database says")]
    Impossible {
        /// Which video.
        video: Uuid,
        /// What of it.
        what: &'static str,
        /// Why.
        source: TryFromIntError,
    },
}

/// How often some videos are liked and were viewed, up to now.
#[derive(Debug, Default)]
pub struct Counts {
    likes: HashMap<Uuid, u64>,
    views: HashMap<Uuid, VideoCounts>,
}

impl Counts {
    /// Of these videos.
    pub async fn of(db: &impl ConnectionTrait, videos: &[Uuid]) -> Result<Self, DbErr> {
        Ok(Self { likes: lists::likes(db, videos).await?, views: events::counts_of(db, videos).await? })
    }

    /// One of these videos as it stands in a list, in this state; nobody in particular looks at it.
    pub fn card(&self, video: video::Model, player: player::Model, state: VideoState) -> Result<VideoCard, ListError> {
        let id = video.id;
        let whole = |what: &'static str, number: i64| {
            u64::try_from(number).map_err(|source| ListError::Impossible { video: id, what, source })
        };
        Ok(VideoCard {
            id,
            title: video.title,
            player: Author { id: player.id, name: player.name, city: player.city },
            state,
            created_at: Moment(video.created_at),
            duration_ms: video.duration_ms.map(|duration| whole("length", duration)).transpose()?,
            likes: self.likes.get(&id).copied().unwrap_or_default(),
            views: self.views.get(&id).map_or(Ok(0), |counts| whole("number of views", counts.views))?,
            poster_url: (state == VideoState::Ready).then(|| format!("/api/videos/{id}/media/poster")),
            liked_by_me: false,
        })
    }
}
