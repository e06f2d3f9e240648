//! The head of the list: the latest videos that can be watched.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use stagemark_contest_contract::{VideoCard, VideoState};
use stagemark_contest_records::lists::{self, Wanted};
use uuid::Uuid;

use crate::{Counts, ListError};

/// How many videos the head has: some pages.
pub(crate) const CARDS: usize = 120;

/// The latest videos that can be watched, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    cards: Vec<VideoCard>,
    /// Whether there are no others.
    is_all: bool,
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The videos, the latest first.
    pub cards: Vec<VideoCard>,
    /// Whether there are others after these.
    pub has_next: bool,
}

impl Head {
    /// As the database has it now.
    pub(crate) async fn read(db: &impl ConnectionTrait) -> Result<Self, ListError> {
        // One more than is kept tells whether there are others.
        let mut videos = lists::page(db, &Wanted::default(), CARDS as u64 + 1).await?;
        let is_all = videos.len() <= CARDS;
        videos.truncate(CARDS);
        let ids: Vec<_> = videos.iter().map(|(video, _)| video.id).collect();
        let counts = Counts::of(db, &ids).await?;
        let card = |(video, player)| counts.card(video, player, VideoState::Ready);
        Ok(Self { cards: videos.into_iter().map(card).collect::<Result<_, _>>()?, is_all })
    }

    /// So many videos after this one, or from the first on; none where they are not all in the head.
    pub(crate) fn part(&self, after: Option<Uuid>, limit: usize) -> Option<Part> {
        let begin = after.map_or(0, |after| self.cards.partition_point(|card| card.id >= after));
        let rest = &self.cards[begin..];
        let has_next = rest.len() > limit;
        let is_here = has_next || self.is_all;
        is_here.then(|| Part { cards: rest[..limit.min(rest.len())].to_vec(), has_next })
    }
}

#[cfg(test)]
mod tests {
    use stagemark_contest_contract::{Author, Moment};

    use super::*;

    fn head(ids: &[u128], is_all: bool) -> Head {
        let card = |id: &u128| VideoCard {
            id: Uuid::from_u128(*id),
            title: String::new(),
            player: Author { id: Uuid::nil(), name: String::new(), city: String::new() },
            state: VideoState::Ready,
            created_at: Moment(0),
            duration_ms: None,
            likes: 0,
            views: 0,
            poster_url: None,
            liked_by_me: false,
        };
        Head { cards: ids.iter().map(card).collect(), is_all }
    }

    fn of(part: Option<Part>) -> Option<(Vec<u128>, bool)> {
        part.map(|part| (part.cards.iter().map(|card| card.id.as_u128()).collect(), part.has_next))
    }

    #[test]
    fn a_part_goes_on_after_a_video_whether_or_not_that_is_still_there() {
        let head = head(&[9, 7, 5, 3], false);

        assert_eq!(of(head.part(None, 2)), Some((vec![9, 7], true)));
        for after in [7, 6] {
            assert_eq!(of(head.part(Some(Uuid::from_u128(after)), 1)), Some((vec![5], true)));
        }
    }

    #[test]
    fn what_is_not_all_in_the_head_is_not_told_from_it() {
        let (some, all) = (head(&[9, 7], false), head(&[9, 7], true));

        assert_eq!((of(some.part(None, 2)), of(all.part(None, 2))), (None, Some((vec![9, 7], false))));
        assert_eq!(
            (of(some.part(Some(Uuid::nil()), 1)), of(all.part(Some(Uuid::nil()), 1))),
            (None, Some((vec![], false)))
        );
    }
}
