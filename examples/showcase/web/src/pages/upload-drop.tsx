/** Where a file is dropped, or picked. */
import { useState } from 'preact/hooks'
import { bytes } from '../format'
import { Icon } from '../ui/icons'
import { ACCEPTED } from '../upload/choice'

interface Props {
  onPick: (file: File) => void
  picked: File | null
}

export function DropZone({ onPick, picked }: Props) {
  const [isOver, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer?.files[0]
    if (file) onPick(file)
  }
  const change = (event: Event & { currentTarget: HTMLInputElement }) => {
    const file = event.currentTarget.files?.[0]
    if (file) onPick(file)
    // The same file may be picked again.
    event.currentTarget.value = ''
  }
  return (
    <label
      class={`drop ${isOver ? 'is-over' : ''} ${picked ? 'has-file' : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input class="unseen" type="file" accept={ACCEPTED} onChange={change} />
      <span class="drop-icon">
        <Icon name={picked ? 'film' : 'upload'} />
      </span>
      {picked ? (
        <span>
          <strong class="file-name">{picked.name}</strong>
          <span class="muted">{bytes(picked.size)} · pick another</span>
        </span>
      ) : (
        <span>
          <strong>Pick a clip</strong>
          <span class="muted">or drop it here</span>
        </span>
      )}
    </label>
  )
}
