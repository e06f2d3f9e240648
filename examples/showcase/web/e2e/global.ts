/** Says what is missing before a browser is started. */
import { settings } from './settings'

export default function setup(): void {
  settings()
}
