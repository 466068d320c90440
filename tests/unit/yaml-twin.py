#!/usr/bin/env python3
"""yaml-twin.py SEED COUNT: random documents of jobs, each beside what PyYAML makes of it as JSON.

Standard output is COUNT records: two numbers and a newline, then so many bytes of YAML and of JSON; the second
number is -1 when PyYAML or a rule of mci-script(5) refuses the document, and -2 when PyYAML has no say, since
YAML 1.1, which it reads, is stricter than 1.2. PyYAML is asked for events alone: what plain scalars, aliases,
merges and tags mean is said here once more, for another pair of eyes.
"""
import random
import re
import sys

import yaml

try:
    from yaml import CBaseLoader as Loader
except ImportError:
    from yaml import BaseLoader as Loader

# --- documents -----------------------------------------------------------------------------------------------

WORDS = ['make', 'check', 'echo', 'a', 'b', 'x1', 'true', 'no', 'yes', '1.20', '0755', '~', 'null', '0x10', 'é',
         '日本', '-x', '--', '->', 'a:b', 'a#b', '$CC', '&&', '||', "it's", '"q"', '\\n', '*', '{a}', '[b]', '%d',
         '@', '!', '?', 'a,b', '=', '<<', '...', '---', '😀', '`x`']
JOINS = [' '] * 8 + ['  ', ': ', ' #', '\t', ' - ', ', ']


class Writer:
    def __init__(self, r):
        self.r = r
        self.anchors = []
        self.jobs = 0

    def often(self, percent):
        return self.r.random() * 100 < percent

    # what is in texts
    def line(self):
        n = self.r.choice([0, 1, 1, 2, 3, 5])
        text = ''
        for i in range(n):
            text += (self.r.choice(JOINS) if i else '') + self.r.choice(WORDS)
        if self.often(5):
            text = self.r.choice([' ', '  ', '\t', '#', '- ', ': ']) + text
        if self.often(5):
            text += self.r.choice([' ', '\t', ':', ' #'])
        return text

    def text(self):
        lines = [self.line() for i in range(self.r.choice([1] * 8 + [2, 3, 4]))]
        return '\n'.join(lines) + '\n' * self.r.choice([0, 0, 0, 1, 2])

    # how a text is written; the lines behind the first are indented by the caller's indent
    def plain(self, text, indent, flow):
        if self.often(80):  # as one may: else as it comes
            text = ' '.join(re.sub(r'[^\w./$=+-]', ' ', text).split()).lstrip('-?:,[]{}#&*!|>\'"%@` ') or 'p'
        else:
            text = text.replace('\n', ' ')
        if self.often(6):
            parts = text.split(' ')
            pads = '\n' * self.r.choice([1, 1, 1, 2]) + ' ' * max(0, indent + self.r.choice([0, 1, 1, 2, 2, 4, -1]))
            text = parts[0] + ''.join((pads if self.often(40) else ' ') + p for p in parts[1:])
        return text

    def single(self, text, indent):
        text = text.replace("'", "''")
        pad = ' ' * max(0, indent + self.r.choice([0, 1, 2]))
        return "'" + re.sub(r' *\n', lambda m: '\n\n' + pad, text) + "'" if self.often(90) else "'" + text + "'"

    def double(self, text, indent):
        out = ''
        for c in text:
            if c == '\n':
                out += '\\n'
            elif c in '"\\':
                out += '\\' + c
            elif ord(c) > 126 and self.often(50):
                out += ('\\x%02x' if ord(c) < 256 else '\\u%04x' if ord(c) < 65536 else '\\U%08x') % ord(c)
            elif c == '\t' and self.often(50):
                out += '\\t'
            else:
                out += c
            if self.often(3):
                out += self.r.choice(['\\\n', '\n', ' \n ', '\n\n']) + ' ' * max(0, indent + self.r.choice([0, 1, 2]))
        if self.often(3):
            out += self.r.choice(['\\e', '\\0', '\\/', '\\ ', '\\_', '\\N', '\\L', '\\q', '\\x4', '\\ud83d', '\\a'])
        return '"' + out + '"'

    def block(self, text, indent):
        width = self.r.choice([1, 2, 2, 2, 3, 4])
        chomp = self.r.choice(['', '', '', '-', '+'])
        lines = text.split('\n')
        if self.often(12):
            lines = [''] * self.r.choice([0, 0, 1, 2])
        head = self.r.choice('||||>>') + chomp
        if self.often(10):
            digit = str(width if self.often(80) else self.r.randint(1, 9))
            head = head[0] + (chomp + digit if self.often(50) else digit + chomp)
        if self.often(8):
            head += self.r.choice([' # note', ' ', '  #', '\t# n'])
        pad = ' ' * (max(0, indent) + width)
        body = ''
        for line in lines:
            if line == '' and self.often(80):
                body += '\n' + self.r.choice(['', '', '', ' ' * self.r.randint(0, 6)])
            else:
                body += '\n' + pad + ' ' * self.r.choice([0] * 9 + [1, 2]) + line
        if self.often(10):
            body += '\n' * self.r.choice([1, 2])
        if self.often(4):
            body += '\n' + ' ' * max(0, indent + self.r.choice([-1, 0, 1])) + '# behind'
        return head + body

    def scalar(self, text, indent, flow=False):
        front = ''
        if self.often(2):
            front = self.r.choice(['!!str ', '! ', '!!str ', '!!int ', '!!map ', '!x '])
        if self.often(3):
            name = 'n%d' % len(self.anchors)
            self.anchors.append(name)
            front += '&%s ' % name
        how = self.r.random()
        if how < 0.45:
            out = self.plain(text, indent, flow)
        elif how < 0.6:
            out = self.single(text, indent)
        elif how < 0.75 or flow:
            out = self.double(text, indent)
        else:
            out = self.block(text, indent)
        return front + out

    def key(self, name):
        how = self.r.random()
        if how < 0.92:
            return name
        return {0: "'%s'", 1: '"%s"', 2: '%s '}[self.r.randint(0, 2)] % name

    # values as nested lists and dicts of texts, strings that begin with NUL being raw YAML
    def value(self):
        r = self.r
        return r.choice([
            lambda: ('script', self.text()),
            lambda: ('script', [self.text() for i in range(r.randint(0, 4))]),
            lambda: ('env', self.pairs()),
            lambda: ('labels', self.pairs()),
            lambda: ('stdin', self.text()),
            lambda: ('workspace', r.choice(['own', 'own', 'shared'])),
            lambda: ('shell', r.choice(['bash', 'sh'])),
            lambda: ('quiet-timeout', r.choice(['5m', '90s', '5'])),
            lambda: ('finally', r.choice([self.text(), [self.text(), {'name': 'n', 'run': self.text()}]])),
            lambda: ('timeout', r.choice(['5m', '90s', '1h30m', '5'])),
            lambda: ('pty', '\0' + r.choice(['true', 'false', 'True', 'yes', "'true'"])),
            lambda: ('split', '\0' + r.choice(['true', 'False', 'no', 'FALSE', ''])),
            lambda: ('retry', '\0' + r.choice(['2', '+2', '0x2', '0o3', '02', '2.0', '1e1', "'2'", '', '~', '-1'])),
            lambda: ('retry', {'count': '\0' + r.choice(['1', '3']), 'delay': r.choice(['5s', '1m'])}),
            lambda: ('allow-failure', '\0' + r.choice(['true', 'false', 'TRUE'])),
            lambda: ('allow-failure', {'exit': '\0' + r.choice(['[3]', '[0x4, 5]', "['3']"])}),
            lambda: ('skip-code', '\0' + r.choice(['77', '0x4d', "'77'"])),
            lambda: ('params', ['P%d' % i for i in range(r.randint(0, 3))]),
            lambda: ('depends-on', ['d%d' % i for i in range(r.randint(0, 3))]),
            lambda: ('matrix', {'V': [r.choice(['1.20', 'no', '010', 'a b', '3']) for i in range(r.randint(1, 3))]}),
            lambda: ('when', {'branch': [r.choice(['main', '!x', '*', 'rel/**'])]}),
            lambda: ('expose', '\0[%s]' % r.choice(['80', '80, 443', '"80"', '0x50'])),
            lambda: ('memory', '\0' + r.choice(['1.50', '2G', '4', '.5', '1.', '-.5e3', 'null', '00.5', '+1'])),
            lambda: (r.choice(['scirpt', '', '<<', '1', 'a b', 'null']), self.text()),
        ])()

    def pairs(self):
        return {self.r.choice('ABCDEFGH') + (str(i) if self.often(90) else ''): self.text()
                for i in range(self.r.choice([0, 1, 1, 2, 3, 4]))}

    def job(self):
        self.jobs += 1
        job = [('id', 'j%d' % self.jobs)]
        if self.often(90):
            job.append(('script', self.text()))
        for i in range(self.r.choice([0, 1, 1, 2, 3])):
            name, value = self.value()
            if self.often(95) and any(name == n for n, v in job):
                continue
            job.append((name, value))
        if self.often(70):
            return dict(job) if self.often(95) else job
        self.r.shuffle(job)
        return job

    def between(self, indent):
        if self.often(94):
            return ''
        return self.r.choice(['\n', '\n\n', '# c\n', '   # c\n', ' ' * indent + '# c: d\n', '  \n', '\t\n', '#\n'])

    def flow(self, value, indent):
        def gap():
            return self.r.choice(['', '', '', ' ', '\n' + ' ' * (max(indent, 0) + self.r.choice([0, 1, 2])), ' # c\n ']) \
                if self.often(12) else ''
        if isinstance(value, str):
            if value.startswith('\0'):
                return value[1:]
            if self.anchors and self.often(2):
                return '*' + self.r.choice(self.anchors) + ' '
            return self.scalar(value, indent + 1, True)
        items = list(value.items()) if isinstance(value, dict) else value
        pair = isinstance(value, dict) or (value and isinstance(value[0], tuple))
        out = []
        for item in items:
            if pair:
                key = self.key(item[0])
                if key[:1] in '"\'' or self.often(1):
                    key += self.r.choice([':', ': ', ' :', ' : '])
                else:
                    key += self.r.choice([': ', ': ', ' : '])
                out.append(gap() + key + self.flow(item[1], indent))
            else:
                out.append(gap() + self.flow(item, indent))
        comma = self.r.choice([',', ', ', ', ', ' ,'])
        tail = ',' if out and self.often(4) else ''
        return ('{' if pair else '[') + comma.join(out) + tail + gap() + ('}' if pair else ']')

    # a value behind "key:" or "-": with its blank or line break in front
    def behind(self, value, indent, compact):
        if isinstance(value, str):
            if value.startswith('\0'):
                return ' ' + value[1:] + '\n'
            if self.anchors and self.often(2):
                return ' *' + self.r.choice(self.anchors) + '\n'
            if self.often(2):
                return '\n' + ' ' * (indent + 2) + self.scalar(value, indent + 1) + '\n'
            note = self.r.choice([' # c', '  #', '#c']) if self.often(3) else ''
            return ' ' + self.scalar(value, indent) + note + '\n'
        if not value or self.often(25):
            return ' ' + self.flow(value, indent) + '\n'
        front = ''
        if self.often(4):
            name = 'n%d' % len(self.anchors)
            self.anchors.append(name)
            front = ' &' + name
        if self.often(2):
            front += self.r.choice([' !!map', ' !!seq', ' !x'])
        if compact and not front and self.often(85):
            return ' ' + self.node(value, indent + 2)[indent + 2:]
        is_list = not isinstance(value, dict) and not isinstance(value[0], tuple)
        deeper = 0 if is_list and not compact and self.often(40) else self.r.choice([1, 2, 2, 2, 3, 4])
        return front + '\n' + self.between(indent) + self.node(value, indent + deeper)

    def node(self, value, indent):
        if isinstance(value, list) and not (value and isinstance(value[0], tuple)):
            return ''.join((self.between(indent) if i else '') + ' ' * indent + '-' +
                           self.behind(item, indent, True) for i, item in enumerate(value))
        items = list(value.items()) if isinstance(value, dict) else value
        out = ''
        for i, (name, item) in enumerate(items):
            out += self.between(indent) if i else ''
            if self.often(1):
                out += ' ' * indent + '? ' + name + '\n' + ' ' * indent + ':' + self.behind(item, indent, False)
            elif self.anchors and self.often(2):
                out += ' ' * indent + '<<: *' + self.r.choice(self.anchors) + '\n'
            else:
                out += ' ' * indent + self.key(name) + ':' + self.behind(item, indent, False)
        return out

    def document(self):
        jobs = [self.job() for i in range(self.r.choice([1, 1, 2, 3]))]
        how = self.r.random()
        if how < 0.7:
            root = jobs
        elif how < 0.8:
            root = jobs[0]
        else:
            root = {'x-a': self.pairs() if self.often(50) else self.job(), 'jobs': jobs}
        text = self.flow(root, 0) + '\n' if self.often(8) else self.node(root, 0)
        if self.often(5):
            text = self.r.choice(['---\n', '--- # c\n', '%YAML 1.1\n---\n', '%YAML 1.2\n---\n', '# c\n', '\n', '---  \n',
                                  '\ufeff']) + text
        if self.often(4):
            text += self.r.choice(['...\n', '---\n', '... # c\n', '# end', '\n\n', '---', '...'])
        if self.often(15):
            text = text.rstrip('\n')
        if self.often(3):
            text = text.replace('\n', '\r\n')
        for i in range(self.r.choice([0] * 6 + [1, 1, 2, 3])):
            text = self.mutate(text)
        return text

    def mutate(self, text):
        if not text:
            return text
        at = self.r.randrange(len(text))
        how = self.r.random()
        if how < 0.4:
            return text[:at] + self.r.choice(' \n:-#|>\'"[]{},&*!?%\tx\r') + text[at:]
        if how < 0.7:
            return text[:at] + text[at + 1:]
        lines = text.split('\n')
        line = self.r.randrange(len(lines))
        if how < 0.8:
            lines[line] = ' ' + lines[line]
        elif how < 0.9:
            lines[line] = lines[line][1:]
        elif how < 0.95:
            lines.insert(line, self.r.choice(['', ' ', '#', lines[line], '  ' + lines[line]]))
        else:
            del lines[line]
        return '\n'.join(lines)


# --- what they mean ------------------------------------------------------------------------------------------

class Refused(Exception):
    pass


TAGS = {'!': 'text', 'tag:yaml.org,2002:str': 'text', 'tag:yaml.org,2002:int': 'plain',
        'tag:yaml.org,2002:float': 'plain', 'tag:yaml.org,2002:bool': 'plain', 'tag:yaml.org,2002:null': 'plain',
        'tag:yaml.org,2002:seq': 'list', 'tag:yaml.org,2002:map': 'map'}
WORD_KEYS = {'timeout', 'quiet-timeout', 'split', 'pty', 'retry', 'allow-failure', 'skip-code', 'blocked', 'memory', 'cpus', 'size', 'arch', 'expose'}
DEPTH = 32


def tagged(tag, kind):
    if tag is None:
        return kind
    meant = TAGS.get(tag)
    if meant is None or (kind in ('list', 'map')) != (meant in ('list', 'map')) or \
            kind in ('list', 'map') and meant != kind:
        raise Refused('tag')
    return meant


def check_block(text, column):
    """The same of a block text: a blank in front of the header's comment, no empty line in front that is deeper
    than the lines."""
    head, *lines = text.split('\n')
    if re.match(r'[|>][-+0-9]*#', head):
        raise Refused('comment')
    longest = 0
    for line in lines:
        if line.strip(' \r'):
            columns = len(line) - len(line.lstrip(' '))
            told = re.match(r'.[-+]?([0-9])', head)
            if columns > column and columns < longest and not told:
                raise Refused('an empty line deeper than the others')
            if told and column < columns < max(column, 0) + int(told[1]) and line.lstrip(' ')[0] == '#':
                raise Refused('a comment in a text without lines')
            break
        longest = max(longest, len(line.rstrip('\r')))


def check_places(text):
    """What YAML 1.2 asks for and PyYAML, which reads 1.1, lets pass: in flow style and in quotes every line is
    deeper than the map or list around it, and a comment has a blank in front."""
    columns, flow = [-1], 0
    for token in yaml.scan(text, Loader=Loader):
        name, start, end = type(token).__name__, token.start_mark, token.end_mark
        if name in ('BlockMappingStartToken', 'BlockSequenceStartToken'):
            columns.append(start.column)
        elif name == 'BlockEndToken':
            columns.pop()
        flow += name in ('FlowMappingStartToken', 'FlowSequenceStartToken')
        if flow and start.column <= columns[-1]:
            raise Refused('flow indentation')
        closed = name in ('FlowMappingEndToken', 'FlowSequenceEndToken')
        flow -= closed
        quoted = name == 'ScalarToken' and not token.plain and token.style in '"\''
        if quoted or name == 'ScalarToken' and token.plain and flow:
            for line in text[start.index:end.index].split('\n')[1:]:
                if line.strip(' ') and len(line) - len(line.lstrip(' ')) <= columns[-1]:
                    raise Refused('quoted indentation')
        if (quoted or closed or name[:4] == 'Flow') and text[end.index:end.index + 1] == '#':
            raise Refused('comment')
        if name == 'AnchorToken' and text[end.index:end.index + 1] == ':':
            raise Refused('anchor')
        if name == 'ScalarToken' and not token.plain and token.style in '|>':
            if start.column <= columns[-1]:
                raise Refused('a header that is not deeper')
            check_block(text[start.index:], columns[-1])


def read(text):
    """The tree: ('plain'|'text', str), ('list', [node]), ('map', [(node, node)]) with aliases resolved."""
    stack, anchors, roots, documents = [], {}, [], 0

    def attach(node):
        if not stack:
            roots.append(node)
            return
        kind, items = stack[-1][0]
        if kind == 'map' and (not items or len(items[-1]) == 2):
            if node[0] not in ('plain', 'text') or node == ('plain', ''):
                raise Refused('key')
            items.append([node])
        elif kind == 'map':
            items[-1].append(node)
        else:
            items.append(node)

    text = re.sub('\r\n?', '\n', re.sub('^\ufeff', '', text))
    check_places(text)
    for event in yaml.parse(text, Loader=Loader):
        name = type(event).__name__
        if name == 'DocumentStartEvent':
            documents += 1
            if documents > 1:
                raise Refused('second document')
        elif name == 'ScalarEvent':
            plain = not event.style
            if '\0' in event.value:
                raise Refused('NUL')
            if plain and re.search(r'\n *\t', text[event.start_mark.index:event.end_mark.index].rstrip()):
                raise Refused('tab')
            node = (tagged(event.tag, 'plain' if plain else 'text'), event.value)
            attach(node)
            if event.anchor is not None:
                anchors[event.anchor] = node
        elif name == 'AliasEvent':
            if event.anchor not in anchors:
                raise Refused('anchor')
            if anchors[event.anchor] is None:
                raise Refused('alias inside')
            if stack and stack[-1][0][0] == 'map' and (not stack[-1][0][1] or len(stack[-1][0][1][-1]) == 2):
                raise Refused('an alias as key')
            attach(anchors[event.anchor])
        elif name in ('SequenceStartEvent', 'MappingStartEvent'):
            kind = 'list' if name[0] == 'S' else 'map'
            tagged(event.tag, kind)
            if len(stack) == DEPTH:
                raise Refused('depth')
            node = (kind, [])
            attach(node)
            stack.append((node, event.anchor))
            if event.anchor is not None:
                anchors[event.anchor] = None
        elif name in ('SequenceEndEvent', 'MappingEndEvent'):
            node, anchor = stack.pop()
            if node[0] == 'map':
                names = [k[1] for k, v in node[1]]
                if len(set(names)) != len(names):
                    raise Refused('key twice')
            if anchor is not None:
                anchors[anchor] = node
    if not roots:
        raise Refused('empty')
    return roots[0]


def merged(node):
    """The members of a map with << written out."""
    maps, out, seen = [node], [], set()
    for i, one in enumerate(maps):
        for key, value in one[1]:
            if key == ('plain', '<<'):
                sources = value[1] if value[0] == 'list' else [value]
                for source in sources:
                    if source[0] != 'map':
                        raise Refused('<<')
                    maps.append(source)
            elif key[1] not in seen:
                seen.add(key[1])
                out.append((key[1], value))
        if len(maps) > 1000:
            raise Refused('merges')
    return out


def quoted(text):
    out = ''
    for c in text:
        if c in '"\\':
            out += '\\' + c
        elif ord(c) < 32:
            out += '\\u%04x' % ord(c)
        else:
            out += c
    return '"' + out + '"'


def word(text):
    """A scalar of YAML 1.2's core schema as JSON; None for text."""
    if text in ('', '~', 'null', 'Null', 'NULL'):
        return 'null'
    if text in ('true', 'True', 'TRUE', 'false', 'False', 'FALSE'):
        return text.lower()
    if re.fullmatch(r'0o[0-7]+', text) and len(text) <= 17:
        return str(int(text[2:], 8))
    if re.fullmatch(r'0x[0-9a-fA-F]+', text) and len(text) <= 17:
        return str(int(text[2:], 16))
    m = re.fullmatch(r'([-+]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?', text)
    if m and (m[2] or m[3]):
        return (m[1].replace('+', '') + (m[2].lstrip('0') or '0') + ('.' + m[3] if m[3] else '') + (m[4] or ''))
    return None


def json(node, depth, reading='text'):
    if depth > DEPTH:
        raise Refused('depth')
    kind, value = node
    if kind == 'list':
        return '[' + ','.join(json(item, depth + 1, reading) for item in value) + ']'
    if kind == 'map':
        members = []
        for key, item in merged(node):
            how = reading
            if depth == 1:
                name = re.sub('[A-Z]', lambda m: '-' + m[0].lower(), key).replace('_', '-')
                how = 'value' if name in ('env', 'labels') else 'word' if name in WORD_KEYS else 'text'
            members.append(quoted(key) + ':' + json(item, depth + 1, how))
        return '{' + ','.join(members) + '}'
    if kind == 'plain' and reading == 'word':
        return word(value) or quoted(value)
    if kind == 'plain' and reading == 'text' and value == '':
        return 'null'
    return quoted(value)


def jobs_of(root):
    """The file as JSON: what stands beside "jobs" is no job."""
    if root[0] == 'list':
        return '[' + ','.join(json(job, 1) if job[0] == 'map' else '1' for job in root[1]) + ']'
    if root[0] != 'map':
        raise Refused('no jobs')
    members = dict((key[1], value) for key, value in root[1])
    if 'jobs' not in members:
        return json(root, 1)
    out = []
    for key, value in root[1]:
        if key[1] != 'jobs':
            out.append(quoted(key[1]) + ':null')
        elif value[0] == 'list':
            out.append('"jobs":' + jobs_of(value))
        else:
            out.append('"jobs":null')
    return '{' + ','.join(out) + '}'


# What YAML 1.1 sees otherwise than 1.2: tabs as blanks between things and at the beginning of block texts; in
# flow style a ':' without a blank behind it in front of , [ ] { }, a line break in or behind a key, a '?' or ':'
# that begins a word, a '-' or '!' in front of , ] or }; a byte order mark behind the beginning. And what libfyaml
# does not read: an empty entry of a list that stands just below its key.
OLDER = ["did not find expected ',' or '}'", 'found a tab character where an indentation space is expected',
         "found unexpected ':'", 'found a tab character that violates indentation']
OLDER_TEXT = re.compile(r'[\s\[{,:][-!][\]},]|([\[{,]|: )\s*[?:]\S|^( *)-[ \t]*\r?\n\2-|.\ufeff', re.M | re.S)


def is_older(text, e):
    problem, mark = getattr(e, 'problem', None), getattr(e, 'problem_mark', None)
    if problem == 'found character that cannot start any token':
        return any('\t' in line for line in text.split('\n')[max(0, mark.line - 1):mark.line + 1])
    return problem in OLDER


def is_other(text):
    """Whether PyYAML or libfyaml may take it for something else."""
    flow = 0
    if OLDER_TEXT.search(text):
        return True
    try:
        for token in yaml.scan(text, Loader=Loader):
            name, at = type(token).__name__, token.start_mark.index
            flow += name in ('FlowMappingStartToken', 'FlowSequenceStartToken')
            flow -= name in ('FlowMappingEndToken', 'FlowSequenceEndToken')
            if flow and re.search(r'\n *\t\s*$', text[:at][-40:]):
                return True
    except yaml.YAMLError:
        pass
    return False


def main():
    random_numbers = random.Random(int(sys.argv[1]))
    out = sys.stdout.buffer
    for i in range(int(sys.argv[2])):
        text = Writer(random_numbers).document()
        answer, size = b'', 0
        try:
            answer = jobs_of(read(text if text.endswith('\n') else text + '\n')).encode()
            size = len(answer)
        except (Refused, yaml.YAMLError) as e:
            size = -2 if is_older(text, e) else -1
        if is_other(text):
            answer, size = b'', -2
        data = text.encode()
        out.write(b'%d %d\n' % (len(data), size) + data + answer)
    out.flush()


if __name__ == '__main__':
    main()
