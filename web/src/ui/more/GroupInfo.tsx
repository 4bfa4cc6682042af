/** A group: its name, who is in it, and what one may do about both. */

import { For, Show, createMemo } from "solid-js";
import type { ChatView, MemberView } from "../../client/types";
import { MembersState } from "../../state/members";
import { ChatKind, Role, TITLE_CHARS_MAX } from "../../state/kinds";
import { Avatar } from "../Avatar";
import { Icon } from "../Icon";
import * as icons from "../icons";
import { useMessenger, useShell } from "../shell";
import * as more from "./icons";
import { SheetFrame } from "./SheetFrame";

export function GroupInfo() {
  const shell = useShell();
  const state = useMessenger();
  const view = () => {
    const chat = state.chat()?.view();
    return chat?.kind === ChatKind.GROUP ? chat : null;
  };
  return (
    <SheetFrame title={shell.t("groupInfo")}>
      <Show when={view()}>
        {(chat) => (
          <>
            <Title chat={chat()} />
            <Actions chat={chat()} />
            <Members chat={chat()} />
          </>
        )}
      </Show>
    </SheetFrame>
  );
}

function isOwner(chat: ChatView): boolean {
  return chat.role === Role.OWNER;
}

function Title(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const rename = (title: string) => {
    if (title && title !== props.chat.title) {
      void state.attempt(state.messenger.renameGroup(props.chat.id, title));
    }
  };
  return (
    <div class="who">
      <Avatar id={props.chat.id} name={props.chat.title} isGroup />
      <Show when={isOwner(props.chat)} fallback={<h3 dir="auto">{props.chat.title}</h3>}>
        <input
          class="name-field"
          dir="auto"
          aria-label={shell.t("groupName")}
          maxlength={TITLE_CHARS_MAX}
          value={props.chat.title}
          onChange={(event) => rename(event.currentTarget.value.trim())}
        />
      </Show>
      <p class="hint">{shell.t("members", { count: props.chat.memberCount })}</p>
    </div>
  );
}

function Actions(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const leave = () =>
    shell.ask({
      title: shell.t("leaveAsk", { title: props.chat.title }),
      hint: shell.t("leaveHint"),
      action: shell.t("leave"),
      isDanger: true,
      run: () => {
        void state.attempt(state.messenger.leaveGroup(props.chat.id));
        shell.nav.openChat(0);
      },
    });
  return (
    <div class="actions">
      <Show when={isOwner(props.chat)}>
        <Action
          icon={icons.plus}
          label={shell.t("addPeople")}
          run={() => shell.nav.openSheet({ name: "add" })}
        />
        <Action
          icon={icons.link}
          label={shell.t("inviteLink")}
          run={() => shell.nav.openSheet({ name: "invite" })}
        />
      </Show>
      <Action
        icon={icons.flag}
        label={shell.t("report")}
        run={() => shell.nav.openSheet({ name: "report", seq: 0 })}
      />
      <Action icon={more.leave} label={shell.t("leave")} isDanger run={leave} />
    </div>
  );
}

export function Action(props: { icon: string; label: string; isDanger?: boolean; run(): void }) {
  return (
    <button class="action" classList={{ danger: props.isDanger }} onClick={() => props.run()}>
      <Icon path={props.icon} />
      {props.label}
    </button>
  );
}

function Members(props: { chat: ChatView }) {
  const shell = useShell();
  const state = useMessenger();
  const members = new MembersState(state.messenger, props.chat.id, false);
  const banned = new MembersState(state.messenger, props.chat.id, true);
  void members.loadMore();
  if (isOwner(props.chat)) void banned.loadMore();
  const openMenu = (event: MouseEvent, member: MemberView) => {
    shell.openMenu({
      label: member.name,
      x: event.clientX,
      y: event.clientY,
      items: [
        {
          icon: more.person,
          label: member.name,
          run: () => shell.nav.openSheet({ name: "person", user: member.user }),
        },
        ...(isOwner(props.chat) && member.user !== state.status().user
          ? [
              {
                icon: more.leave,
                label: shell.t("remove"),
                isDanger: true,
                run: () => remove(member, false),
              },
              {
                icon: more.block,
                label: shell.t("ban"),
                isDanger: true,
                run: () => remove(member, true),
              },
            ]
          : []),
      ],
    });
  };
  const remove = (member: MemberView, ban: boolean) =>
    shell.ask({
      title: shell.t("removeAsk", { name: member.name }),
      hint: ban ? shell.t("banHint") : undefined,
      action: shell.t(ban ? "ban" : "remove"),
      isDanger: true,
      run: () => {
        void state.attempt(state.messenger.removeMember(props.chat.id, member.user, ban));
        members.drop(member.user);
        if (ban) banned.put({ ...member, banned: true });
      },
    });
  const allow = (member: MemberView) => {
    void state.attempt(state.messenger.addMember(props.chat.id, member.user));
    banned.drop(member.user);
  };
  const hasBanned = createMemo(() => banned.all().length > 0);
  return (
    <>
      <PeopleList list={members} choose={openMenu} />
      <Show when={hasBanned()}>
        <h3 class="section">{shell.t("bannedPeople")}</h3>
        <PeopleList
          list={banned}
          action={shell.t("allow")}
          choose={(_event, member) => allow(member)}
        />
      </Show>
    </>
  );
}

/** Rows of people with a field that searches among those loaded. */
function PeopleList(props: {
  list: MembersState;
  action?: string;
  choose(event: MouseEvent, member: MemberView): void;
}) {
  const shell = useShell();
  return (
    <div class="people">
      <Show when={props.list.all().length > 8}>
        <label class="search">
          <Icon path={icons.search} />
          <input
            type="search"
            placeholder={shell.t("searchPeople")}
            aria-label={shell.t("searchPeople")}
            onInput={(event) => props.list.setFilter(event.currentTarget.value)}
          />
        </label>
      </Show>
      <For each={props.list.visible()}>
        {(member) => (
          <button class="person" onClick={(event) => props.choose(event, member)}>
            <Avatar id={member.user} name={member.name} />
            <span>
              <bdi>{member.name}</bdi>
            </span>
            <small>{props.action ?? (member.role === Role.OWNER ? shell.t("owner") : "")}</small>
          </button>
        )}
      </For>
      <Show when={props.list.error()}>
        {(code) => <p class="hint centre">{shell.language().reason(code())}</p>}
      </Show>
      <Show when={props.list.hasMore()}>
        <button class="quiet" onClick={() => void props.list.loadMore()}>
          {shell.t("showMore")}
        </button>
      </Show>
    </div>
  );
}
