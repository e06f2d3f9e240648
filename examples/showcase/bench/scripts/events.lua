-- Batches of twenty events, each with an id of its own: ten videos that were opened and watched. Arguments: a file with the
-- ids of videos, a line each, and a number that no other run has.
local videos, lines = {}, {}
accepted = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    table.insert(videos, line)
  end
  math.randomseed(tonumber(arguments[2]) * 64 + number)
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = 'application/json'
end

local function id()
  local random = math.random
  return string.format('%04x%04x-%04x-4%03x-%x%03x-%04x%04x%04x', random(0, 65535), random(0, 65535), random(0, 65535),
    random(0, 4095), random(8, 11), random(0, 4095), random(0, 65535), random(0, 65535), random(0, 65535))
end

function request()
  local at = os.date('!%Y-%m-%dT%H:%M:%S.000Z')
  for line = 1, 20, 2 do
    local video = videos[math.random(#videos)]
    lines[line] = string.format('{"id":"%s","video":"%s","kind":"view","at":"%s"}', id(), video, at)
    lines[line + 1] = string.format('{"id":"%s","video":"%s","kind":"watch","watch_ms":%d,"at":"%s"}', id(), video,
      math.random(1000, 30000), at)
  end
  return wrk.format(nil, nil, nil, '{"events":[' .. table.concat(lines, ',') .. ']}')
end

function response(status, _, body)
  if status == 202 then
    accepted = accepted + tonumber(string.match(body, '"accepted":(%d+)'))
  end
end
