/** Short names for what the API sends and takes; the shapes come from its OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Player = Schemas['Player']
export type PlayerRef = Schemas['PlayerRef']
export type Session = Schemas['Session']
export type Upload = Schemas['Upload']
export type UploadPart = Schemas['UploadPart']
export type Video = Schemas['Video']
export type VideoCard = Schemas['VideoCard']
export type VideoState = Schemas['VideoState']
export type Stage = Schemas['Stage']
export type StageState = Schemas['StageState']
export type RunView = Schemas['RunView']
export type RunStatus = Schemas['RunStatus']
export type History = Schemas['History']
export type HistoryRun = Schemas['HistoryRun']
export type RankingItem = Schemas['RankingItem']
export type ViewerEvent = Schemas['ViewerEvent']
export type Counts = Schemas['Counts']
export type OpsRun = Schemas['OpsRun']
export type Timeline = Schemas['Timeline']
