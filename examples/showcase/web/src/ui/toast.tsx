/** Short messages at the edge of the page, which go by themselves. */
import { signal } from '@preact/signals'

const SHOWN_MS = 4_000

const toasts = signal<{ id: number; text: string }[]>([])
let last = 0

export function toast(text: string): void {
  last += 1
  const id = last
  toasts.value = [...toasts.value, { id, text }]
  setTimeout(() => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }, SHOWN_MS)
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text }) => (
        <p key={id} class="toast">
          {text}
        </p>
      ))}
    </div>
  )
}
