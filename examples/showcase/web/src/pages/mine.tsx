/** The player's own videos, in all states. */
import { api, body, done } from '../api/client'
import { asProblem } from '../api/problem'
import type { VideoCard } from '../api/types'
import { player } from '../session/session'
import { ClipCard, ClipSkeletons } from '../ui/clip-card'
import { confirm } from '../ui/confirm'
import { SignedIn } from '../ui/guard'
import { useList, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Empty, Failure } from '../ui/states'
import { toast } from '../ui/toast'

const PAGE = 24

export function Mine() {
  useTitle('My videos')
  return (
    <>
      <div class="page-head">
        <h1>My videos</h1>
        <a class="button is-primary" href="/upload">
          <Icon name="upload" /> Upload
        </a>
      </div>
      <SignedIn why="Your videos are kept with your account.">
        <Videos key={player.value?.id ?? ''} />
      </SignedIn>
    </>
  )
}

function Videos() {
  const clips = useList(
    'mine',
    (cursor, signal) =>
      body(
        api.GET('/api/videos', {
          params: { query: { mine: true, limit: PAGE, ...(cursor && { cursor }) } },
          signal,
          cache: 'no-cache',
        }),
      ),
    (clip) => clip.id,
  )
  const remove = async (clip: VideoCard) => {
    if (await erase(clip)) clips.remove((item) => item.id === clip.id)
  }
  return (
    <>
      <div class="clips">
        {clips.items.map((clip) => (
          <ClipCard key={clip.id} clip={clip}>
            <div class="row clip-actions">
              {clip.state === 'UPLOADING' && (
                <a class="button is-small" href={`/upload?resume=${clip.id}`}>
                  <Icon name="upload" /> Go on
                </a>
              )}
              <button type="button" class="button is-small is-quiet" onClick={() => void remove(clip)}>
                <Icon name="trash" /> Delete
                <span class="unseen"> {clip.title}</span>
              </button>
            </div>
          </ClipCard>
        ))}
      </div>
      {clips.isLoading && <ClipSkeletons many={4} />}
      {clips.problem && <Failure problem={clips.problem} retry={clips.items.length > 0 ? clips.more : clips.reload} />}
      {!clips.isLoading && !clips.problem && clips.items.length === 0 && (
        <Empty icon="film" title="Nothing here yet">
          <p>Your first clip is thirty seconds away.</p>
          <a class="button is-primary" href="/upload">
            <Icon name="upload" /> Upload a clip
          </a>
        </Empty>
      )}
      {clips.hasMore && !clips.isLoading && !clips.problem && (
        <div class="row is-center">
          <button type="button" class="button" onClick={clips.more}>
            Load more
          </button>
        </div>
      )}
    </>
  )
}

/** Deletes a video for good, if the player agrees. Gives whether it is gone. */
export async function erase(clip: Pick<VideoCard, 'id' | 'title' | 'state'>): Promise<boolean> {
  const isAgreed = await confirm({
    title: 'Delete this video?',
    text: `“${clip.title}” will be removed with its likes and views. This cannot be undone.`,
    action: 'Delete',
    isDangerous: true,
  })
  if (!isAgreed) return false
  const path = { params: { path: { id: clip.id } } }
  try {
    await done(
      clip.state === 'UPLOADING' ? api.DELETE('/api/videos/{id}/upload', path) : api.DELETE('/api/videos/{id}', path),
    )
    toast('The video was deleted.')
    return true
  } catch (error) {
    toast(asProblem(error).message)
    return false
  }
}
