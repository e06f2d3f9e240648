/** Asks before what cannot be taken back. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

export interface Question {
  title: string
  text: string
  /** What the button does, as a verb. */
  action: string
  isDangerous?: boolean
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | null>(null)

/** Whether the reader agrees. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = { ...question, answer: resolve }
  })
}

export function Confirm() {
  const dialog = useRef<HTMLDialogElement>(null)
  const question = asked.value
  useEffect(() => {
    if (question) dialog.current?.showModal()
  }, [question])
  if (!question) return null
  const answer = (yes: boolean) => {
    asked.value = null
    question.answer(yes)
  }
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      onClose={() => answer(false)}
    >
      <h2 id="confirm-title">{question.title}</h2>
      <p id="confirm-text">{question.text}</p>
      <div class="row is-end">
        <button type="button" class="button" onClick={() => answer(false)}>
          Keep it
        </button>
        <button
          type="button"
          class={`button ${question.isDangerous ? 'is-danger' : 'is-primary'}`}
          onClick={() => answer(true)}
        >
          {question.action}
        </button>
      </div>
    </dialog>
  )
}
