/** The player's elements in JSX. */
import type { HTMLAttributes } from 'preact'

type Media = HTMLAttributes<HTMLElement> & { notooltip?: boolean }

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'media-controller': Media & { defaultsubtitles?: boolean; hotkeys?: string; nohotkeys?: boolean }
      'media-control-bar': Media
      'media-play-button': Media
      'media-time-range': Media
      'media-time-display': Media & { showduration?: boolean; notoggle?: boolean }
      'media-fullscreen-button': Media
      'media-playback-rate-button': Media & { rates?: string }
      'media-loading-indicator': Media & { slot?: string; noautohide?: boolean }
    }
  }
}
