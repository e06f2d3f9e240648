/** Defines the elements of the player. */
import { MediaChromeButton } from 'media-chrome/media-chrome-button'
import { MediaChromeRange } from 'media-chrome/media-chrome-range'
import { MediaContainer } from 'media-chrome/media-container'
import MediaControlBar from 'media-chrome/media-control-bar'
import 'media-chrome/media-controller'
import 'media-chrome/media-fullscreen-button'
import MediaGestureReceiver from 'media-chrome/media-gesture-receiver'
import MediaLoadingIndicator from 'media-chrome/media-loading-indicator'
import 'media-chrome/media-play-button'
import 'media-chrome/media-playback-rate-button'
import MediaPreviewThumbnail from 'media-chrome/media-preview-thumbnail'
import { MediaTextDisplay } from 'media-chrome/media-text-display'
import 'media-chrome/media-time-display'
import 'media-chrome/media-time-range'
import { En } from 'media-chrome/dist/lang/en.js'
import { addTranslation } from 'media-chrome/dist/utils/i18n.js'
import MediaTooltip from 'media-chrome/media-tooltip'
import { adoptStyles } from './strict-styles'

const BASES = [
  MediaChromeButton,
  MediaChromeRange,
  MediaContainer,
  MediaControlBar,
  MediaGestureReceiver,
  MediaLoadingIndicator,
  MediaPreviewThumbnail,
  MediaTextDisplay,
  MediaTooltip,
]

for (const base of BASES) adoptStyles(base as unknown as CustomElementConstructor)

// Those who speak to their computer say what they read on the button, and that is `1x`.
addTranslation('en', { ...En, 'Playback rate {playbackRate}': 'Playback rate {playbackRate}x' })
