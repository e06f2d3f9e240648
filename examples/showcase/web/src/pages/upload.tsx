/** Uploading a clip: pick or drop it, name it, and see it go. */

import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { api, body } from '../api/client'
import type { Video } from '../api/types'
import { bytes } from '../format'
import { player } from '../session/session'
import { TextField } from '../ui/field'
import { SignedIn } from '../ui/guard'
import { useAction, useResource, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Failure, Loading, Notice } from '../ui/states'
import { refusal, titleOf } from '../upload/choice'
import { recall } from '../upload/memory'
import { isOpen, removeUpload, sending, start } from '../upload/uploader'
import { DropZone } from './upload-drop'
import { SendingCard } from './upload-sending'

export function UploadPage() {
  useTitle('Upload')
  const { query } = useLocation()
  return (
    <div class="narrow">
      <div class="page-head">
        <h1>Upload a clip</h1>
      </div>
      <SignedIn why="A clip needs a player.">
        {sending.value ? (
          <SendingCard sending={sending.value} />
        ) : query.resume ? (
          <Resume id={query.resume} />
        ) : (
          <Choose />
        )}
      </SignedIn>
    </div>
  )
}

function Choose() {
  const me = player.value?.id ?? ''
  const [file, setFile] = useState<File | null>(null)
  const [title, setTitle] = useState('')
  const [begun, setBegun] = useState<string | null>(null)
  const refused = file && refusal(file)
  const pick = (picked: File) => {
    const known = recall(me, picked)
    setFile(picked)
    setTitle(known?.title ?? titleOf(picked.name))
    setBegun(null)
    // The title of what was begun stays, and the player is told that it goes on.
    if (known?.video)
      isOpen(known.video).then(
        (open) => setBegun(open ? known.video : null),
        () => setBegun(null),
      )
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (file && !refused) void start(me, file, title.trim())
  }
  return (
    <form class="card stack" onSubmit={submit}>
      <DropZone onPick={pick} picked={file} />
      {refused && (
        <p class="notice is-bad" role="alert">
          <Icon name="alert" /> <span>{refused}</span>
        </p>
      )}
      {file && !refused && begun && (
        <p class="notice" role="status">
          <Icon name="history" /> <span>You began to upload this file before. It goes on where it stopped.</span>
        </p>
      )}
      {file && !refused && (
        <>
          <TextField
            id="title"
            label="Title"
            hint="Up to 80 characters. Say what the skill is."
            required
            maxLength={80}
            value={title}
            disabled={begun !== null}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
          <button type="submit" class="button is-primary is-wide" disabled={title.trim() === ''}>
            <Icon name="upload" /> {begun ? 'Go on with the upload' : `Upload ${bytes(file.size)}`}
          </button>
        </>
      )}
      <p class="muted small">MP4, MOV, WebM or MKV. The first thirty seconds are shown, without sound.</p>
    </form>
  )
}

/** Goes on with an upload that was begun on this or another device: the file must be picked once more. */
function Resume({ id }: { id: string }) {
  const { route } = useLocation()
  const video = useResource(`resume ${id}`, (signal) =>
    body(api.GET('/api/videos/{id}', { params: { path: { id } }, signal })),
  )
  const upload = useResource(`parts ${id}`, (signal) =>
    body(api.GET('/api/videos/{id}/upload', { params: { path: { id } }, signal, cache: 'no-store' })),
  )
  const isElsewhere = video.data !== null && video.data.state !== 'UPLOADING'
  useEffect(() => {
    if (isElsewhere) route(`/v/${id}`, true)
  }, [isElsewhere, id, route])
  const problem = video.problem ?? (isElsewhere ? null : upload.problem)
  if (problem) return <Failure problem={problem} retry={video.reload} />
  if (!video.data || !upload.data) return <Loading what="the upload" />
  const stored = upload.data.parts.filter((part) => part.is_stored).length
  return (
    <ResumeCard
      video={video.data}
      sizeBytes={upload.data.size_bytes}
      stored={stored}
      parts={upload.data.parts.length}
    />
  )
}

interface ResumeProps {
  video: Video
  sizeBytes: number
  stored: number
  parts: number
}

function ResumeCard({ video, sizeBytes, stored, parts }: ResumeProps) {
  const { route } = useLocation()
  const [file, setFile] = useState<File | null>(null)
  const { isBusy, problem, run } = useAction()
  const isOther = file !== null && file.size !== sizeBytes
  const goOn = (picked: File) => {
    setFile(picked)
    if (picked.size === sizeBytes) void start(player.value?.id ?? '', picked, video.title, video.id)
  }
  const giveUp = async () => {
    if (await run(() => removeUpload(video.id))) route('/mine', true)
  }
  return (
    <div class="card stack">
      <div>
        <h2>{video.title}</h2>
        <p class="muted">
          {stored} of {parts} parts are stored. Pick the same file ({bytes(sizeBytes)}) again, and the rest is sent.
        </p>
      </div>
      <DropZone onPick={goOn} picked={file} />
      {isOther && (
        <p class="notice is-bad" role="alert">
          <Icon name="alert" />{' '}
          <span>
            That is another file: it has {bytes(file.size)}, and {bytes(sizeBytes)} were begun.
          </span>
        </p>
      )}
      <Notice problem={problem} />
      <button type="button" class="button is-quiet" disabled={isBusy} onClick={() => void giveUp()}>
        <Icon name="trash" /> Give this upload up
      </button>
    </div>
  )
}
