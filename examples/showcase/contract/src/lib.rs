//! What the hosts of the contest agree on: the workflows and their payloads, and what the API takes and gives.
//!
//! A host that submits runs needs this crate and no step: it links nothing that reads videos.

mod account;
mod moment;
mod ops;
mod page;
mod problem;
mod ranking;
mod run;
mod upload;
mod video;
mod workflow;

pub use account::{CITIES, Player, Role, Session, SignIn, SignUp};
pub use moment::Moment;
pub use ops::{
    CacheOrder, CacheScope, Counts, OpsAttempt, OpsRun, OpsRunDetail, OpsTask, QueueCount, RunCounts, RunRef,
};
pub use page::Page;
pub use problem::{FieldProblem, ProblemDetails};
pub use ranking::{Computed, Event, EventKind, Events, Intake, Place, Ranking};
pub use run::{History, HistoryRun, HistoryStage, RunEvent, RunEventKind, RunStatus, RunView, Stage, StageState};
pub use upload::{CONTENT_TYPES, NewVideo, Upload, UploadPart};
pub use video::{Author, Likes, SpriteSheet, Video, VideoCard, VideoState};
pub use workflow::{
    CONSOLIDATE, Clip, Consolidated, ERASE, Erase, PUBLISH_CLIP, Published, PublishedSprites, Tick, WARM, Warm,
};
